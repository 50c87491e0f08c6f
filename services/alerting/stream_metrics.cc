#include "services/alerting/stream_metrics.h"

namespace supervision::alerting {
namespace {

prometheus::Gauge& Gauge(prometheus::Registry* registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add({});
}

prometheus::Counter& Counter(prometheus::Registry* registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry).Add({});
}

prometheus::Counter& Gaps(prometheus::Registry* registry, const char* why) {
  return prometheus::BuildCounter()
      .Name("supervision_alert_stream_gaps_total")
      .Help(
          "Streams that ended since history behind their place was trimmed or lost; they were told "
          "from where to go on.")
      .Register(*registry)
      .Add({{"reason", why}});
}

}  // namespace

StreamMetrics::StreamMetrics(prometheus::Registry* registry)
    : open(Gauge(registry, "supervision_alert_streams", "Open streams of alerts.")),
      catching_up(Gauge(registry, "supervision_alert_streams_catching_up",
                        "Streams that read from the ledger.")),
      parked(Gauge(registry, "supervision_alert_streams_parked",
                   "Streams that fell behind the tail kept in memory and have yet to catch up.")),
      parkings(Counter(registry, "supervision_alert_stream_parkings_total",
                       "How often a stream fell behind the tail kept in memory.")),
      replays(Counter(registry, "supervision_alert_stream_replays_total",
                      "Streams that began at a cursor or at the earliest place.")),
      resumed_in_tail(Counter(registry, "supervision_alert_stream_resumes_in_tail_total",
                              "Streams whose cursor the tail in memory covered, so that the "
                              "ledger was not asked.")),
      snapshots(Counter(registry, "supervision_alert_stream_snapshots_total",
                        "Streams that began with the alerts as they stood.")),
      snapshot_alerts(Counter(registry, "supervision_alert_snapshot_alerts_total",
                              "Alerts told as parts of snapshots.")),
      trimmed_gaps(Gaps(registry, "trimmed")),
      lost_gaps(Gaps(registry, "lost")),
      refused(Counter(registry, "supervision_alert_streams_refused_total",
                      "Streams refused because too many were open or the service was draining.")),
      alerts(Counter(registry, "supervision_alerts_told_total",
                     "Alerts handed to streams, those that left a view included.")),
      messages(Counter(registry, "supervision_alert_messages_total", "Messages of all streams.")),
      bookmarks(Counter(registry, "supervision_alert_bookmarks_total",
                        "Messages that only moved a cursor.")),
      pages(Counter(registry, "supervision_alert_catch_up_pages_total",
                    "Pages of the log read for streams.")),
      page_failures(Counter(registry, "supervision_alert_catch_up_failures_total",
                            "Reads for streams that failed.")),
      tail_entries(
          Gauge(registry, "supervision_alert_tail_entries", "Entries of the tail kept in memory.")),
      tail_bytes(
          Gauge(registry, "supervision_alert_tail_bytes", "What the tail kept in memory costs.")),
      tail_stalls(Counter(registry, "supervision_alert_tail_stalls_total",
                          "How often the tail had not told what the ledger held.")),
      wake_seconds(prometheus::BuildHistogram()
                       .Name("supervision_alert_wake_seconds")
                       .Help("From the arrival of an alert at the hub to its write to a stream.")
                       .Register(*registry)
                       .Add({}, prometheus::Histogram::BucketBoundaries{
                                    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                    0.05, 0.1, 0.5, 1, 5, 30})) {}

}  // namespace supervision::alerting
