#include "services/alerting/stream_metrics.h"

#include "services/observability/unlabelled.h"

namespace supervision::alerting {

using observability::AddCounter;
using observability::AddGauge;
using observability::AddHistogram;

namespace {

prometheus::Counter& Gaps(prometheus::Registry* registry, const char* why) {
  return prometheus::BuildCounter()
      .Name("supervision_alert_stream_gaps_total")
      .Help(
          "Streams that ended since history behind their place was trimmed or lost; they were told "
          "from where to go on.")
      .Register(*registry)
      .Add({{"reason", why}});
}

// Longer ones than observability::LatencySeconds, for streams that are read slowly.
prometheus::Histogram::BucketBoundaries WakeSeconds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30};
}

}  // namespace

prometheus::Counter& RefusedStreams(prometheus::Registry* registry) {
  return AddCounter(registry, "supervision_alert_streams_refused_total",
                    "Streams refused because too many were open or the service was draining.");
}

StreamMetrics::StreamMetrics(prometheus::Registry* registry)
    : open(AddGauge(registry, "supervision_alert_streams", "Open streams of alerts.")),
      catching_up(AddGauge(registry, "supervision_alert_streams_catching_up",
                           "Streams that read from the ledger.")),
      parked(
          AddGauge(registry, "supervision_alert_streams_parked",
                   "Streams that fell behind the tail kept in memory and have yet to catch up.")),
      parkings(AddCounter(registry, "supervision_alert_stream_parkings_total",
                          "How often a stream fell behind the tail kept in memory.")),
      replays(AddCounter(registry, "supervision_alert_stream_replays_total",
                         "Streams that began at a cursor or at the earliest place.")),
      resumed_in_tail(AddCounter(registry, "supervision_alert_stream_resumes_in_tail_total",
                                 "Streams whose cursor the tail in memory covered, so that the "
                                 "ledger was not asked.")),
      snapshots(AddCounter(registry, "supervision_alert_stream_snapshots_total",
                           "Streams that began with the alerts as they stood.")),
      snapshot_alerts(AddCounter(registry, "supervision_alert_snapshot_alerts_total",
                                 "Alerts told as parts of snapshots.")),
      trimmed_gaps(Gaps(registry, "trimmed")),
      lost_gaps(Gaps(registry, "lost")),
      refused(RefusedStreams(registry)),
      alerts(AddCounter(registry, "supervision_alerts_told_total",
                        "Alerts handed to streams, those that left a view included.")),
      messages(
          AddCounter(registry, "supervision_alert_messages_total", "Messages of all streams.")),
      bookmarks(AddCounter(registry, "supervision_alert_bookmarks_total",
                           "Messages that only moved a cursor.")),
      pages(AddCounter(registry, "supervision_alert_catch_up_pages_total",
                       "Pages of the log told to streams; one read may serve many.")),
      page_failures(AddCounter(registry, "supervision_alert_catch_up_failures_total",
                               "Reads for streams that failed.")),
      tail_entries(AddGauge(registry, "supervision_alert_tail_entries",
                            "Entries of the tail kept in memory.")),
      tail_bytes(AddGauge(registry, "supervision_alert_tail_bytes",
                          "What the tail kept in memory costs.")),
      tail_stalls(AddCounter(registry, "supervision_alert_tail_stalls_total",
                             "How often the tail had not told what the ledger held.")),
      wake_seconds(AddHistogram(registry, "supervision_alert_wake_seconds",
                                "From the arrival of an alert at the hub to its write to a stream.",
                                WakeSeconds())) {}

}  // namespace supervision::alerting
