#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/redis/data_directory.h"

namespace supervision::redis {

// The data of an embedded Redis as one file, and the way back. Both run Debian's redis-cli and
// redis-check-rdb. Errors are sentences for an operator. Not for the loop's thread: they take as
// long as the data is large.

// Writes what the running Redis of `data_directory` holds at one moment to `file`, which must not
// exist: its size in bytes. The service goes on meanwhile; everything acknowledged before the call
// is in the file. The file (0600) is complete, checked and synchronised when this returns, and
// does not exist otherwise.
absl::StatusOr<int64_t> TakeSnapshot(const std::string& data_directory, const std::string& file);

// A restore has two steps, so that a caller can note between them that the data will be another's.
//
// First: lays a copy of the snapshot `file` beside the data of a locked directory, whose Redis does
// not run. A damaged file is refused, and so is a directory that holds data, unless `replace`;
// Unavailable where the check itself could not be made. Nothing else changes.
absl::Status StageSnapshot(const std::string& file, const DataDirectory& directory, bool replace);

// Instead of the second: takes the copy away again.
void DropStaged(const DataDirectory& directory);
// Then: puts what was staged in the place of the data: at its next start the Redis holds what the
// snapshot holds. Data that was there is put aside, never removed: where it lies now, or empty when
// there was none.
absl::StatusOr<std::string> PutInPlace(const DataDirectory& directory);

}  // namespace supervision::redis
