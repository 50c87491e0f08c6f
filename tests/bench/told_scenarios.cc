// How long it takes from a clue to whoever watches, at a steady rate of clues.
#include <algorithm>
#include <atomic>
#include <functional>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/mutex.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/clue_service.pb.h"
#include "tests/bench/load.h"
#include "tests/bench/opened.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kPerSecond = 1000;
// To parse what each of a thousand monitors hears would measure this process: so many are listened
// to, spread over all.
constexpr int kListened = 10;

struct Told {
  double share = 0;  // of the clues that somebody should have heard of
  Latencies latencies;
};

// `request_of` says what a monitor watches; `clue_of` makes the i-th clue and is heard by
// `hearers(i)` of the monitors that are listened to.
Told SubmitToTold(const Bench& bench, int monitors, const StreamLoad::RequestOf& request_of,
                  const std::function<std::string(int clue)>& clue_of,
                  const std::function<int(int clue)>& hearers) {
  const int clues = static_cast<int>(kPerSecond * absl::ToDoubleSeconds(bench.duration) * 2);
  const int every = std::max(1, monitors / kListened);
  base::Mutex mutex;
  std::vector<std::pair<std::string, absl::Time>> told;  // clue id and when, by each that heard
  std::unordered_map<std::string, absl::Time> begun;     // by clue id
  std::atomic<int64_t> heard = 0;
  Opened opened(monitors);
  StreamLoad streams(bench.service, kMonitorToken, kWatchMethod, request_of, monitors,
                     std::min(monitors, 20), [&](int stream, const std::string& bytes) {
                       const absl::Time now = absl::Now();
                       opened.Note(stream);
                       if (stream % every != 0) return;
                       v1::WatchAlertsResponse response;
                       if (!response.ParseFromString(bytes)) return;
                       base::MutexLock lock(&mutex);
                       for (const auto& update : response.updates()) {
                         told.emplace_back(update.alert().clue_id(), now);
                         ++heard;
                       }
                     });
  Told result;
  if (!WaitForCount(opened.count, monitors, kPatience)) return result;
  LoadClient partner(bench.service, kPartnerToken);
  int64_t expected = 0;
  std::atomic<int64_t> answered = 0;
  // Open loop: each clue has its time, whatever became of those before.
  const absl::Time start = absl::Now();
  for (int i = 0; i < clues; ++i) {
    expected += hearers(i);
    WaitUntil(start + absl::Seconds(1) * i / kPerSecond);
    const absl::Time now = absl::Now();
    partner.Start(kSubmitMethod, clue_of(i), [&, now](bool ok, const std::string& bytes) {
      v1::SubmitClueResponse response;
      if (ok && response.ParseFromString(bytes)) {
        base::MutexLock lock(&mutex);
        begun.emplace(response.receipt().clue_id(), now);
      }
      ++answered;
    });
  }
  WaitForCount(heard, expected, kPatience);
  WaitForCount(answered, clues, kPatience);
  base::MutexLock lock(&mutex);
  for (const auto& [id, time] : told) {
    const auto found = begun.find(id);
    if (found != begun.end()) result.latencies.Add(time - found->second);
  }
  result.share = 100.0 * static_cast<double>(result.latencies.size()) /
                 static_cast<double>(std::max<int64_t>(expected, 1));
  return result;
}

void Add(const Told& told, const std::string& suffix, const std::string& who,
         const std::string& target, Report* report) {
  report->Add(absl::StrCat("told", suffix, "_share"),
              absl::StrCat("alerts told at 1,000 clues/s, ", who), told.share, "%", ">= 100");
  report->Add(absl::StrCat("submit_to_told", suffix, "_p50_ms"),
              absl::StrCat("submit to told at 1,000 clues/s, ", who, ", p50"),
              absl::ToDoubleMilliseconds(told.latencies.At(0.50)), "ms");
  report->Add(absl::StrCat("submit_to_told", suffix, "_p99_ms"),
              absl::StrCat("submit to told at 1,000 clues/s, ", who, ", p99"),
              absl::ToDoubleMilliseconds(told.latencies.At(0.99)), "ms", target);
}

}  // namespace

void MeasureSubmitToTold(const Bench& bench, Report* report) {
  const auto latest = [](int) { return WatchFromLatest(); };
  const auto clue = [](int) { return NextSubmit(); };
  Add(SubmitToTold(bench, 1, latest, clue, [](int) { return 1; }), "_1", "one monitor", "", report);
  Add(SubmitToTold(bench, 100, latest, clue, [](int) { return kListened; }), "", "100 monitors",
      "<= 10", report);
  // Monitors 10 m to 10 m + 9 watch county m, clue i comes from county i % 100: ten hear of each.
  constexpr int kFilters = 100;
  constexpr int kMonitors = 1000;
  const std::vector<std::string> counties = Counties(kFilters);
  const auto county = [&](int i) { return counties[static_cast<size_t>(i / 10 % kFilters)]; };
  // Every hundredth monitor is listened to: one of each tenth filter.
  Add(SubmitToTold(
          bench, kMonitors, [&](int monitor) { return WatchFromLatestIn(county(monitor)); },
          [&](int i) { return NextSubmitIn(county(i * 10)); },
          [&](int i) { return i % kFilters % 10 == 0 ? 1 : 0; }),
      "_filters", "1,000 monitors of 100 filters", "", report);
}

}  // namespace supervision::bench
