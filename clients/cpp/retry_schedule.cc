#include "clients/cpp/retry_schedule.h"

#include <algorithm>

#include "clients/cpp/error.h"

namespace supervision::client {

RetrySchedule::RetrySchedule(const RetryOptions& options, absl::Duration timeout,
                             RetryBudget* budget, const base::Clock* clock, uint64_t seed)
    : attempt_timeout_(options.attempt_timeout),
      budget_(budget),
      clock_(clock),
      deadline_(clock->Now() + timeout),
      backoff_(options.backoff, seed) {}

absl::Duration RetrySchedule::AttemptTime() const {
  return std::min(deadline_ - clock_->Now(), attempt_timeout_);
}

std::optional<absl::Duration> RetrySchedule::After(const absl::Status& failure) {
  const Error error = ErrorOf(failure);
  if (!IsTransient(error)) return std::nullopt;
  const absl::Time now = clock_->Now();
  const absl::Duration left = deadline_ - now;
  const absl::Duration delay = DelayAfter(error, backoff_);
  if (delay >= left) return std::nullopt;
  // Last: a repeat that does not happen takes nothing from the others.
  const std::optional<absl::Duration> turn = budget_->Take(now, left);
  if (!turn.has_value()) return std::nullopt;
  return std::max(delay, *turn);
}

}  // namespace supervision::client
