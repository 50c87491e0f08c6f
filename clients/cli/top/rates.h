#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "supervision/v1/admin_service.pb.h"
#include "supervision/v1/subscription_service.pb.h"

namespace supervision::cli {

// One look at the service.
struct Look {
  absl::Time at;
  absl::Status trouble;                          // why nothing could be read
  std::optional<v1::GetStatusResponse> service;  // nothing: the caller may not see it
  // The caller's own, and whether there are more than were asked for; nothing: it may have none.
  std::optional<std::vector<v1::GetSubscriptionResponse>> subscriptions;
  bool more_subscriptions = false;
};

// What the service does in a second, from two looks at its totals.
struct Rates {
  absl::Duration over;
  double accepted = 0;  // clues
  double refused = 0;   // requests
  double commits = 0;
  double told = 0;       // alerts, to streams
  double delivered = 0;  // alerts, to subscriptions
  double route_alerts = 0;
  // Seconds; nothing when nothing happened meanwhile.
  std::optional<double> intake_p50, intake_p99;
  std::optional<double> commit_p50, commit_p99;
  std::optional<double> wake_p99;
};

// Nothing when no time has passed, or when the service has started again between the looks.
std::optional<Rates> RatesBetween(const v1::GetStatusResponse& before,
                                  const v1::GetStatusResponse& after);

// The value that `share` (0 to 1) of what was counted between two looks lies below, as fine as the
// classes are; beyond the last bound it is that bound.
std::optional<double> Quantile(const v1::LatencyFigures& before, const v1::LatencyFigures& after,
                               double share);

}  // namespace supervision::cli
