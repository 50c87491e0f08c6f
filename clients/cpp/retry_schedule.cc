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
  const absl::Duration delay = std::max(DelayAfter(error, backoff_), budget_->Take(now));
  if (now + delay >= deadline_) return std::nullopt;
  return delay;
}

}  // namespace supervision::client
