#pragma once

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace supervision::alerting {

// What connections of subscriptions count. No label names a subscription: there may be many.
// Thread-safe.
struct SubscriptionMetrics {
  explicit SubscriptionMetrics(prometheus::Registry* registry);

  prometheus::Gauge& connections;
  prometheus::Gauge& unacknowledged;  // alerts, of all connections
  prometheus::Counter& delivered;
  prometheus::Counter& takeovers;
  prometheus::Counter& gaps;
  prometheus::Counter& groups;        // calls that kept places
  prometheus::Histogram& group_size;  // connections in one call
  prometheus::Counter& group_failures;
};

}  // namespace supervision::alerting
