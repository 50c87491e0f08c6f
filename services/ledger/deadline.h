#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace supervision::ledger {

// When a caller stops waiting, by the steady clock: carried through the steps of one call.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Deadline(absl::Duration timeout)
      : at_(timeout >= absl::Hours(24) ? Clock::now() + std::chrono::hours(24)
                                       : Clock::now() + absl::ToChronoNanoseconds(timeout)) {}
  absl::Duration left() const { return absl::FromChrono(at_ - Clock::now()); }
  Clock::time_point at() const { return at_; }

 private:
  Clock::time_point at_;
};

}  // namespace supervision::ledger
