#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/load.h"
#include "tests/bench/opened.h"
#include "tests/bench/reference_server.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

// Alerts delivered per second to `monitors` streams while clues come in batches as fast as they
// can.
double Delivered(const Bench& bench, int monitors, double* alert_bytes) {
  const int batches = monitors > 100 ? 10 : 40;
  constexpr int kClues = 128;
  Opened opened(monitors);
  std::atomic<int64_t> delivered = 0;
  std::atomic<int64_t> payload = 0;
  StreamLoad streams(bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(), monitors,
                     std::min(monitors, 10), [&](int stream, const std::string& bytes) {
                       opened.Note(stream);
                       payload += static_cast<int64_t>(bytes.size());
                       delivered += CountUpdates(bytes);
                     });
  if (!WaitForCount(opened.count, monitors, kPatience)) return 0;
  LoadClient partner(bench.service, kPartnerToken);
  const absl::Time begun = absl::Now();
  std::atomic<int64_t> answered = 0;
  std::atomic<int64_t> sent = 0;
  std::function<void()> next = [&] {
    if (sent++ >= batches) return;
    partner.Start(kBatchMethod, NextBatch(kClues), [&](bool, const std::string&) {
      ++answered;
      next();
    });
  };
  for (int i = 0; i < 4; ++i) next();
  const int64_t expected = int64_t{batches} * kClues * monitors;
  if (!WaitForCount(answered, batches, kPatience)) return 0;
  if (!WaitForCount(delivered, expected, kPatience)) return 0;
  const absl::Duration took = absl::Now() - begun;
  *alert_bytes = static_cast<double>(payload) / static_cast<double>(expected);
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

// What 99 monitors lose when a hundredth reads nothing.
void MeasureSlowMonitor(const Bench& bench, Report* report) {
  constexpr int kReaders = 99;
  double without = 0;
  double beside = 0;
  double alert_bytes = 0;
  // In turns: what else the machine does falls on both alike.
  for (int round = 0; round < 2; ++round) {
    without += Delivered(bench, kReaders, &alert_bytes) / 2;
    Opened opened(1);
    StreamLoad slow(
        bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(),
        [&](int stream, const std::string&) { opened.Note(stream); }, StreamLoad::ReadsNoMore());
    if (!WaitForCount(opened.count, 1, kPatience)) return;
    beside += Delivered(bench, kReaders, &alert_bytes) / 2;
  }
  report->Add("slow_monitor_rate_ratio", "alerts to 99 monitors, beside one that reads nothing",
              beside / without, "x", ">= 0.90");
}

}  // namespace

void MeasureDelivery(const Bench& bench, Report* report) {
  double alert_bytes = 0;
  double to_100 = 0;
  for (const int monitors : {1, 10, 100, 1000}) {
    const double delivered = Delivered(bench, monitors, &alert_bytes);
    if (monitors == 100) to_100 = delivered;
    report->Add(absl::StrCat("delivered_per_second_", monitors),
                absl::StrCat("alerts delivered to ", monitors, " monitors, clues in batches"),
                delivered, "/s");
  }
  MeasureSlowMonitor(bench, report);
  const double raw = RawStream(bench, static_cast<size_t>(alert_bytes));
  report->Add("raw_stream_per_second", "one bare stream, unbatched, messages of an alert's size",
              raw, "/s");
  report->Add("delivered_100_vs_raw_stream", "delivered to 100 monitors / one bare stream",
              to_100 / raw, "x", ">= 3");
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
