#pragma once

#include <optional>
#include <random>
#include <thread>

#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/retry_schedule.h"
#include "clients/cpp/steady_clock.h"

// How Client makes a call; for its own sources.
namespace supervision::client {

template <typename Response>
absl::StatusOr<Response> Client::Call(const CallOptions& options,
                                      const Attempt<Response>& attempt) {
  RetrySchedule schedule(options_.retry, options.timeout.value_or(options_.retry.timeout), &budget_,
                         SteadyClock(), std::random_device{}());
  while (true) {
    grpc::ClientContext context;
    Authorize(context);
    context.set_deadline(absl::ToChronoTime(absl::Now() + schedule.AttemptTime()));
    Response response;
    const absl::Status status = ToAbslStatus(attempt(&context, &response));
    if (status.ok()) return response;
    if (!options.retry) return status;
    const std::optional<absl::Duration> delay = schedule.After(status);
    if (!delay.has_value()) return status;
    if (options_.on_retry) options_.on_retry(status, *delay);
    if (options_.sleep) {
      options_.sleep(*delay);
    } else {
      std::this_thread::sleep_for(absl::ToChronoNanoseconds(*delay));
    }
  }
}

}  // namespace supervision::client
