#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/retry.h"
#include "services/base/backoff.h"
#include "services/base/clock.h"

namespace supervision::client {

// When one call is attempted again, and when it is given up. For one thread.
class RetrySchedule {
 public:
  // `timeout`: all attempts together, from now. The budget is shared by the calls of a Client, and
  // so is the clock, which nobody should set.
  RetrySchedule(const RetryOptions& options, absl::Duration timeout, RetryBudget* budget,
                const base::Clock* clock, uint64_t seed);

  // How long the attempt that begins now may take.
  absl::Duration AttemptTime() const;

  // How long to wait before the next attempt after one that failed; none: the call is over, because
  // no repeat helps or the time would be up, and the last error says more than "too late" would.
  std::optional<absl::Duration> After(const absl::Status& failure);

 private:
  const absl::Duration attempt_timeout_;
  RetryBudget* const budget_;
  const base::Clock* const clock_;
  const absl::Time deadline_;
  base::Backoff backoff_;
};

}  // namespace supervision::client
