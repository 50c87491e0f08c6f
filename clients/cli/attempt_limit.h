#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace supervision::cli {

// For how long one attempt of a call may last that may take `timeout` in all: a third of it, so
// that an attempt that hangs leaves time for others, and no less than the `least` that the library
// gives.
inline absl::Duration AttemptLimit(absl::Duration timeout, absl::Duration least) {
  constexpr int kAttempts = 3;
  return std::max(least, timeout / kAttempts);
}

}  // namespace supervision::cli
