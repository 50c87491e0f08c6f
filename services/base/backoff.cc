#include "services/base/backoff.h"

#include <algorithm>

namespace supervision::base {

absl::Duration Backoff::Next() {
  constexpr int kLargestShift = 30;  // beyond it every sensible maximum has been reached
  const absl::Duration range = std::min(
      options_.maximum, options_.initial * (int64_t{1} << std::min(attempt_, kLargestShift)));
  ++attempt_;
  return range * std::uniform_real_distribution<double>(0, 1)(random_);
}

}  // namespace supervision::base
