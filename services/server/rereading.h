#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/server/file_times.h"

namespace supervision::server {

// How long after a refusal the same files are tried again.
inline constexpr absl::Duration kSecondTry = absl::Minutes(1);

// When files are to be read again: when they have changed, and each minute while what was read of
// them last is refused. A certificate that is not valid yet, or a file that could not be read for a
// moment, gets well without anything that FileTimes could see. For one thread.
class Rereading {
 public:
  explicit Rereading(FileTimes files) : files_(std::move(files)) {}

  // Whether they are to be read now; then the next call is Note. A minute is counted by `now`,
  // and over at once where that was set back. Files that are being written are not tried again:
  // they are read as changed ones when they rest.
  bool Due(absl::Time now);

  // What was read has come to this. Whether that is to be told: false for another try that was
  // refused for the reason of the one before.
  [[nodiscard]] bool Note(const absl::Status& status, absl::Time now);

 private:
  FileTimes files_;
  bool changed_ = false;  // the reading under way is of changed files
  absl::Status last_;
  absl::Time read_at_;
};

}  // namespace supervision::server
