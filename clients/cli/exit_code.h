#pragma once

#include "absl/status/status.h"

namespace supervision::cli {

// What supervisionctl ends with. Scripts depend on these numbers: they are never changed.
enum ExitCode : int {
  kOk = 0,
  kUsage = 1,    // the command line or a local file is wrong, or the result could not be written
  kRefused = 2,  // the service refused the input; for submit --ndjson: some of it
  kUnavailable = 3,  // not reachable, overloaded, not ready, or no answer in time
  kNotAllowed = 4,   // no valid token, or the role does not permit it
  kConflict = 5,     // known under another request_id, changed meanwhile, withdrawn
  kNotFound = 6,     // nothing there within the caller's view
  kHistoryGone = 7,  // the place in the stream is no longer there
  kFailed = 8,       // the service failed
  kExecFailed = 9,   // the command of watch --exec failed
};

// The exit code for a failed call.
ExitCode ExitCodeOf(absl::StatusCode code);

}  // namespace supervision::cli
