#include "services/alerting/subscription_metrics.h"

#include "services/observability/unlabelled.h"

namespace supervision::alerting {

using observability::AddCounter;
using observability::AddGauge;
using observability::AddHistogram;

SubscriptionMetrics::SubscriptionMetrics(prometheus::Registry* registry)
    : connections(AddGauge(registry, "supervision_subscription_connections",
                           "Connections of named subscriptions in this process.")),
      unacknowledged(AddGauge(registry, "supervision_subscription_unacknowledged_alerts",
                              "Alerts sent to connections and not acknowledged, of all together.")),
      delivered(AddCounter(registry, "supervision_subscription_deliveries_total",
                           "Alerts sent to connections of named subscriptions, repeats included.")),
      takeovers(AddCounter(registry, "supervision_subscription_takeovers_total",
                           "Connections ended because a newer one of their subscription came.")),
      gaps(AddCounter(registry, "supervision_subscription_gaps_total",
                      "Gaps in the history that connections were told.")),
      groups(AddCounter(registry, "supervision_subscription_commits_total",
                        "Calls to the ledger that kept acknowledged places.")),
      group_size(AddHistogram(registry, "supervision_subscription_commit_connections",
                              "Connections whose places one call kept.",
                              {1, 2, 5, 10, 25, 50, 100, 256})),
      group_failures(AddCounter(registry, "supervision_subscription_commit_failures_total",
                                "Calls to the ledger that kept no place; they are repeated.")) {}

}  // namespace supervision::alerting
