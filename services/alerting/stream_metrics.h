#pragma once

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace supervision::alerting {

// Counts who is turned away, from the hub's streams and from shared subscriptions alike.
prometheus::Counter& RefusedStreams(prometheus::Registry* registry);

// What the hub counts. Thread-safe.
struct StreamMetrics {
  explicit StreamMetrics(prometheus::Registry* registry);

  prometheus::Gauge& open;         // streams
  prometheus::Gauge& catching_up;  // streams that read from the ledger
  prometheus::Gauge& parked;       // of them: those that fell behind the ring
  prometheus::Counter& parkings;
  prometheus::Counter& replays;          // streams that began before the ledger's end
  prometheus::Counter& resumed_in_tail;  // of them: without a question to the ledger
  prometheus::Counter& snapshots;        // and those that began with the alerts as they stood
  prometheus::Counter& snapshot_alerts;
  prometheus::Counter& trimmed_gaps;  // streams that were told of history that is gone
  prometheus::Counter& lost_gaps;
  prometheus::Counter& refused;
  prometheus::Counter& alerts;
  prometheus::Counter& messages;
  prometheus::Counter& bookmarks;
  prometheus::Counter& pages;
  prometheus::Counter& page_failures;
  prometheus::Gauge& tail_entries;
  prometheus::Gauge& tail_bytes;
  prometheus::Counter& tail_stalls;
  prometheus::Histogram& wake_seconds;  // from the tail's hand-over to the write
};

}  // namespace supervision::alerting
