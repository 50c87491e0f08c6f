#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace supervision::bench {

// Waits until the service answers that it serves; how long that took since `begun`.
absl::Duration UntilServing(const std::string& address, absl::Time begun);

// Submits so many clues; false when that took more than ten minutes.
bool FillLedger(const std::string& address, int64_t clues);

}  // namespace supervision::bench
