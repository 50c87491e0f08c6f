#include "services/alerting/subscription_metrics.h"

namespace supervision::alerting {
namespace {

prometheus::Gauge& Gauge(prometheus::Registry* registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add({});
}

prometheus::Counter& Counter(prometheus::Registry* registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry).Add({});
}

}  // namespace

SubscriptionMetrics::SubscriptionMetrics(prometheus::Registry* registry)
    : connections(Gauge(registry, "supervision_subscription_connections",
                        "Connections of named subscriptions in this process.")),
      unacknowledged(Gauge(registry, "supervision_subscription_unacknowledged_alerts",
                           "Alerts sent to connections and not acknowledged, of all together.")),
      delivered(Counter(registry, "supervision_subscription_deliveries_total",
                        "Alerts sent to connections of named subscriptions, repeats included.")),
      takeovers(Counter(registry, "supervision_subscription_takeovers_total",
                        "Connections ended because a newer one of their subscription came.")),
      gaps(Counter(registry, "supervision_subscription_gaps_total",
                   "Gaps in the history that connections were told.")),
      groups(Counter(registry, "supervision_subscription_commits_total",
                     "Calls to the ledger that kept acknowledged places.")),
      group_size(
          prometheus::BuildHistogram()
              .Name("supervision_subscription_commit_connections")
              .Help("Connections whose places one call kept.")
              .Register(*registry)
              .Add({}, prometheus::Histogram::BucketBoundaries{1, 2, 5, 10, 25, 50, 100, 256})),
      group_failures(Counter(registry, "supervision_subscription_commit_failures_total",
                             "Calls to the ledger that kept no place; they are repeated.")) {}

}  // namespace supervision::alerting
