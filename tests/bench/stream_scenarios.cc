#include <atomic>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/mutex.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/clue_service.pb.h"
#include "tests/bench/load.h"
#include "tests/bench/reference_server.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

// How many updates a serialised WatchAlertsResponse has, without building it: field 1, length
// delimited, is one update.
int64_t CountUpdates(const std::string& bytes, std::atomic<int64_t>* payload) {
  v1::WatchAlertsResponse response;
  if (!response.ParseFromString(bytes)) return 0;
  if (response.updates_size() > 0) {
    payload->fetch_add(static_cast<int64_t>(response.updates(0).ByteSizeLong()),
                       std::memory_order_relaxed);
  }
  return response.updates_size();
}

// Waits until `streams` streams have sent their first message, which has the cursor of the start.
struct Opened {
  explicit Opened(int streams) : seen(static_cast<size_t>(streams)) {}
  void Note(int stream) {
    if (!seen[static_cast<size_t>(stream)].exchange(true)) ++count;
  }
  std::vector<std::atomic<bool>> seen;
  std::atomic<int64_t> count = 0;
};

// Alerts delivered per second to `monitors` streams while clues come in batches as fast as they
// can.
double Delivered(const Bench& bench, int monitors, double* alert_bytes) {
  constexpr int kBatches = 40;
  constexpr int kClues = 128;
  Opened opened(monitors);
  std::atomic<int64_t> delivered = 0;
  std::atomic<int64_t> payload = 0;
  std::atomic<int64_t> sampled = 0;
  StreamLoad streams(bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(), monitors,
                     std::min(monitors, 10), [&](int stream, const std::string& bytes) {
                       opened.Note(stream);
                       const int64_t updates = CountUpdates(bytes, &payload);
                       if (updates > 0) ++sampled;
                       delivered += updates;
                     });
  if (!WaitForCount(opened.count, monitors, kPatience)) return 0;
  LoadClient partner(bench.service, kPartnerToken);
  const absl::Time begun = absl::Now();
  std::atomic<int64_t> answered = 0;
  std::atomic<int64_t> sent = 0;
  std::function<void()> next = [&] {
    if (sent++ >= kBatches) return;
    partner.Start(kBatchMethod, NextBatch(kClues), [&](bool, const std::string&) {
      ++answered;
      next();
    });
  };
  for (int i = 0; i < 4; ++i) next();
  const int64_t expected = int64_t{kBatches} * kClues * monitors;
  if (!WaitForCount(answered, kBatches, kPatience)) return 0;
  if (!WaitForCount(delivered, expected, kPatience)) return 0;
  const absl::Duration took = absl::Now() - begun;
  *alert_bytes = static_cast<double>(payload) / static_cast<double>(sampled);
  return static_cast<double>(expected) / absl::ToDoubleSeconds(took);
}

// Messages per second of one bare server stream with one write for each, of the size of an alert.
double RawStream(const Bench& bench, size_t bytes) {
  constexpr int64_t kMessages = 200'000;
  std::atomic<int64_t> received = 0;
  const absl::Time begun = absl::Now();
  StreamLoad stream(bench.reference, "", kStreamMethod, absl::StrCat(kMessages, " ", bytes), 1, 1,
                    [&](int, const std::string&) { ++received; });
  if (!WaitForCount(received, kMessages, kPatience)) return 0;
  return static_cast<double>(kMessages) / absl::ToDoubleSeconds(absl::Now() - begun);
}

}  // namespace

void MeasureDelivery(const Bench& bench, Report* report) {
  double alert_bytes = 0;
  double to_100 = 0;
  for (const int monitors : {1, 10, 100}) {
    to_100 = Delivered(bench, monitors, &alert_bytes);
    report->Add(absl::StrCat("delivered_per_second_", monitors),
                absl::StrCat("alerts delivered to ", monitors, " monitors, clues in batches"),
                to_100, "/s");
  }
  const double raw = RawStream(bench, static_cast<size_t>(alert_bytes));
  report->Add("raw_stream_per_second", "one bare stream, unbatched, messages of an alert's size",
              raw, "/s");
  report->Add("delivered_vs_raw_stream", "delivered to 100 monitors / one bare stream",
              to_100 / raw, "x", ">= 3");
}

void MeasureSubmitToTold(const Bench& bench, Report* report) {
  constexpr int kPerSecond = 1000;
  const int clues = static_cast<int>(kPerSecond * absl::ToDoubleSeconds(bench.duration) * 2);
  base::Mutex mutex;
  std::unordered_map<std::string, absl::Time> told;   // by clue id
  std::unordered_map<std::string, absl::Time> begun;  // by clue id
  std::atomic<int64_t> heard = 0;
  Opened opened(1);
  StreamLoad monitor(bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(), 1, 1,
                     [&](int stream, const std::string& bytes) {
                       const absl::Time now = absl::Now();
                       opened.Note(stream);
                       v1::WatchAlertsResponse response;
                       if (!response.ParseFromString(bytes)) return;
                       base::MutexLock lock(&mutex);
                       for (const auto& update : response.updates()) {
                         told.emplace(update.alert().clue_id(), now);
                         ++heard;
                       }
                     });
  if (!WaitForCount(opened.count, 1, kPatience)) return;
  LoadClient partner(bench.service, kPartnerToken);
  // Open loop: each clue has its time, whatever became of those before.
  const absl::Time start = absl::Now();
  for (int i = 0; i < clues; ++i) {
    WaitUntil(start + absl::Seconds(1) * i / kPerSecond);
    const absl::Time now = absl::Now();
    partner.Start(kSubmitMethod, NextSubmit(), [&, now](bool ok, const std::string& bytes) {
      v1::SubmitClueResponse response;
      if (!ok || !response.ParseFromString(bytes)) return;
      base::MutexLock lock(&mutex);
      begun.emplace(response.receipt().clue_id(), now);
    });
  }
  WaitForCount(heard, clues, kPatience);
  WaitUntil(absl::Now() + absl::Milliseconds(200));  // the last answers
  base::MutexLock lock(&mutex);
  Latencies latencies;
  for (const auto& [id, time] : begun) {
    const auto found = told.find(id);
    if (found != told.end()) latencies.Add(found->second - time);
  }
  report->Add("told_share", "clues told of those submitted at 1,000/s",
              100.0 * static_cast<double>(latencies.size()) / clues, "%", ">= 100");
  report->Add("submit_to_told_p50_ms", "submit to told at 1,000 clues/s, p50",
              absl::ToDoubleMilliseconds(latencies.At(0.50)), "ms");
  report->Add("submit_to_told_p99_ms", "submit to told at 1,000 clues/s, p99",
              absl::ToDoubleMilliseconds(latencies.At(0.99)), "ms", "<= 10");
}

void MeasureIdleMonitors(const Bench& bench, Report* report) {
  constexpr int kMonitors = 1000;
  constexpr int kChannels = 20;
  // What start-up has freed is taken first and would hide what a stream costs: these use it up.
  constexpr int kFillers = 2000;
  Opened filled(kFillers);
  StreamLoad fillers(bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(), kFillers,
                     kChannels, [&](int stream, const std::string&) { filled.Note(stream); });
  if (!WaitForCount(filled.count, kFillers, kPatience)) return;
  WaitUntil(absl::Now() + absl::Seconds(2));
  const int64_t reference_before = ResidentKib(bench.reference_pid);
  double reference_each = 0;
  {
    StreamLoad streams(bench.reference, "", kStreamMethod, "0 0", kMonitors, kChannels,
                       [](int, const std::string&) {});
    WaitUntil(absl::Now() + absl::Seconds(2));
    reference_each =
        static_cast<double>(ResidentKib(bench.reference_pid) - reference_before) / kMonitors;
  }
  const int64_t before = ResidentKib(bench.service_pid);
  Opened opened(kMonitors);
  StreamLoad streams(bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(), kMonitors,
                     kChannels, [&](int stream, const std::string&) { opened.Note(stream); });
  if (!WaitForCount(opened.count, kMonitors, kPatience)) return;
  WaitUntil(absl::Now() + absl::Seconds(2));
  const double each = static_cast<double>(ResidentKib(bench.service_pid) - before) / kMonitors;
  const absl::Duration used_before = ProcessorTime(bench.service_pid);
  constexpr absl::Duration kQuiet = absl::Seconds(10);
  WaitUntil(absl::Now() + kQuiet);
  const absl::Duration used = ProcessorTime(bench.service_pid) - used_before;
  report->Add("bare_stream_kib", "memory of a bare idle stream", reference_each, "KiB");
  report->Add("idle_monitor_kib", "memory of each of 1,000 further idle monitors beside 2,000",
              each, "KiB");
  report->Add("idle_monitor_vs_bare", "memory of an idle monitor / bare stream",
              each / reference_each, "x", "<= 1.25");
  report->Add("idle_cpu_percent", "processor with 3,000 quiet monitors, share of a core",
              100 * absl::FDivDuration(used, kQuiet), "%", "<= 3");
}

}  // namespace supervision::bench
