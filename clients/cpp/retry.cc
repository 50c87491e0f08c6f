#include "clients/cpp/retry.h"

#include <algorithm>

namespace supervision::client {

bool IsTransient(const Error& error) {
  switch (error.code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    case absl::StatusCode::kResourceExhausted:
      return error.retry_after.has_value();
    case absl::StatusCode::kCancelled:
      return error.reason.empty();
    default:
      return false;
  }
}

bool IsTransientForStream(const Error& error) {
  if (IsTransient(error)) return true;
  const bool broken =
      error.code == absl::StatusCode::kUnknown || error.code == absl::StatusCode::kInternal;
  return broken && error.reason.empty();
}

absl::Duration DelayAfter(const Error& error, base::Backoff& backoff) {
  return error.retry_after.value_or(absl::ZeroDuration()) + backoff.Next();
}

std::optional<absl::Duration> RetryBudget::Take(absl::Time now, absl::Duration limit) {
  // A leaky bucket in one number: the time at which it is full again.
  base::MutexLock lock(&mutex_);
  const absl::Duration step = absl::Seconds(1) / per_second_;
  const absl::Time full_at = std::max(full_at_, now) + step;
  const absl::Duration wait = std::max(absl::ZeroDuration(), full_at - now - step * burst_);
  if (wait >= limit) return std::nullopt;
  full_at_ = full_at;
  return wait;
}

}  // namespace supervision::client
