#pragma once

#include <optional>

#include "absl/time/time.h"
#include "clients/cpp/error.h"
#include "services/base/backoff.h"
#include "services/base/mutex.h"

namespace supervision::client {

// How calls are repeated. Every call of the API may be: reads change nothing, and changes carry a
// request_id under which the service gives the first answer again.
struct RetryOptions {
  // Delays between attempts; a RetryInfo of the service is a least delay on top of which they come.
  base::Backoff::Options backoff = {absl::Milliseconds(100), absl::Seconds(5)};
  // One attempt may take this long. When it passes, the outcome is unknown.
  absl::Duration attempt_timeout = absl::Seconds(10);
  // All attempts of a call together.
  absl::Duration timeout = absl::Seconds(60);
  // All calls of one Client together repeat at most this often, so that a service in trouble is not
  // buried by those who wait for it. A call beyond it waits longer; it is given up only where its
  // own time would be over before its turn.
  double retries_per_second = 20;
  int burst = 20;
};

// Whether repeating the same call may succeed: UNAVAILABLE, DEADLINE_EXCEEDED (the outcome is
// unknown), RESOURCE_EXHAUSTED where the service says when to come back, and CANCELLED without a
// word of the service: gRPC ends so what reaches a server in the moment that it shuts down.
bool IsTransient(const Error& error);

// The same for a stream, which a proxy or a restart may also end with UNKNOWN or INTERNAL without a
// word of the service.
bool IsTransientForStream(const Error& error);

// How long to wait after `error`: the next step of `backoff`, after the delay that the service
// asked for.
absl::Duration DelayAfter(const Error& error, base::Backoff& backoff);

// The repeats that all calls of a Client share. Thread-safe.
class RetryBudget {
 public:
  RetryBudget(double per_second, int burst) : per_second_(per_second), burst_(burst) {}

  // Takes one repeat at `now` and says how long to wait until it is due; zero while there are some.
  // Nothing, and none is taken, where that would not be sooner than after `limit`: what is owed
  // never grows beyond the time of one call, however many fail.
  std::optional<absl::Duration> Take(absl::Time now, absl::Duration limit);

 private:
  const double per_second_;
  const int burst_;
  base::Mutex mutex_;
  absl::Time full_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace supervision::client
