#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace supervision::backup {

// For tools on the machine of a service that has its embedded Redis. Errors are sentences for an
// operator. Both block for as long as the data is large.

// Copies what the running service of `data_directory` (redis.data_directory) holds at one moment to
// the new file `file`, which is complete, checked and synchronised when this returns; its size in
// bytes. Everything acknowledged before the call is in it.
absl::StatusOr<int64_t> Take(const std::string& data_directory, const std::string& file);

// Puts a backup in the place of the data of `data_directory`, whose service is stopped. Data that
// is there is kAlreadyExists, or with `replace` put aside: where it lies now, or empty. When the
// service starts it opens a new epoch, so that every cursor from behind the backup is told.
absl::StatusOr<std::string> Restore(const std::string& data_directory, const std::string& file,
                                    bool replace);

}  // namespace supervision::backup
