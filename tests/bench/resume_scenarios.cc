// Monitors that were away: how fast they catch up, and what that does to those who were not.
#include <atomic>
#include <functional>
#include <unordered_map>

#include "absl/time/clock.h"
#include "services/base/mutex.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/clue_service.pb.h"
#include "tests/bench/crowd.h"
#include "tests/bench/load.h"
#include "tests/bench/opened.h"
#include "tests/bench/ready.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"
#include "tests/support/service_process.h"

namespace supervision::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kBatch = 50;

// The cursor of the ledger's end.
std::string LatestCursor(const Bench& bench) {
  base::Mutex mutex;
  std::string cursor;
  Opened opened(1);
  StreamLoad stream(bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(), 1, 1,
                    [&](int number, const std::string& bytes) {
                      v1::WatchAlertsResponse response;
                      if (!response.ParseFromString(bytes)) return;
                      base::MutexLock lock(&mutex);
                      cursor = response.cursor();
                      opened.Note(number);
                    });
  WaitForCount(opened.count, 1, kPatience);
  base::MutexLock lock(&mutex);
  return cursor;
}

// Clues at a steady rate, in batches, and a monitor that is there all the time and hears of them.
//
// Now and then Redis rewrites its append-only file, and commits wait, with monitors or without.
// What was submitted meanwhile is told apart.
class SteadyLoad {
 public:
  struct Told {
    Latencies ordinary;
    Latencies while_redis_rewrites;
  };

  SteadyLoad(const Bench& bench, int per_second)
      : per_second_(per_second),
        redis_pid_(testing::ChildOf(bench.service_pid)),
        opened_(1),
        partner_(bench.service, kPartnerToken),
        live_(bench.service, kMonitorToken, kWatchMethod, WatchFromLatest(), 1, 1,
              [this](int stream, const std::string& bytes) { Hear(stream, bytes); }) {
    WaitForCount(opened_.count, 1, kPatience);
  }
  ~SteadyLoad() { WaitForCount(answered_, sent_, kPatience); }

  // For so long, or until `done` says so.
  void Run(absl::Duration most, const std::function<bool()>& done) {
    const absl::Time start = absl::Now();
    for (int i = 0; absl::Now() - start < most && !done(); ++i) {
      WaitUntil(start + absl::Seconds(1) * i * kBatch / per_second_);
      const absl::Time now = absl::Now();
      // Its child writes the new file.
      if (testing::ChildOf(redis_pid_) != 0) rewritten_at_ = now + absl::Seconds(1);
      const Batch batch = {now, now < rewritten_at_};
      ++sent_;
      partner_.Start(kBatchMethod, NextBatch(kBatch),
                     [this, batch](bool, const std::string& bytes) {
                       v1::BatchSubmitCluesResponse response;
                       if (response.ParseFromString(bytes) && response.results_size() > 0) {
                         base::MutexLock lock(&mutex_);
                         begun_.emplace(response.results(0).receipt().clue_id(), batch);
                       }
                       ++answered_;
                     });
    }
  }

  int64_t clues() const { return sent_ * kBatch; }
  // From the first clue of a batch to the live monitor, of those since the last call.
  Told TakeLatencies() {
    WaitForCount(answered_, sent_, kPatience);
    Told latencies;
    base::MutexLock lock(&mutex_);
    for (const auto& [id, batch] : begun_) {
      const auto found = told_.find(id);
      if (found == told_.end()) continue;
      (batch.rewriting ? latencies.while_redis_rewrites : latencies.ordinary)
          .Add(found->second - batch.begun);
    }
    begun_.clear();
    told_.clear();
    return latencies;
  }

 private:
  struct Batch {
    absl::Time begun;
    bool rewriting = false;
  };

  void Hear(int stream, const std::string& bytes) {
    const absl::Time now = absl::Now();
    opened_.Note(stream);
    v1::WatchAlertsResponse response;
    if (!response.ParseFromString(bytes)) return;
    base::MutexLock lock(&mutex_);
    for (const auto& update : response.updates()) told_.emplace(update.alert().clue_id(), now);
  }

  const int per_second_;
  const int redis_pid_;
  absl::Time rewritten_at_;
  Opened opened_;
  int64_t sent_ = 0;
  std::atomic<int64_t> answered_ = 0;
  base::Mutex mutex_;
  std::unordered_map<std::string, Batch> begun_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, absl::Time> told_ ABSL_GUARDED_BY(mutex_);
  LoadClient partner_;
  StreamLoad live_;  // ends first
};

}  // namespace

void MeasureResume(const Bench& bench, Report* report) {
  constexpr int kMonitors = 100;
  constexpr int kPerSecond = 5000;
  constexpr absl::Duration kAway = absl::Seconds(10);
  const std::string cursor = LatestCursor(bench);
  SteadyLoad load(bench, kPerSecond);
  const auto never = [] { return false; };
  load.Run(kAway, never);
  const SteadyLoad::Told before = load.TakeLatencies();
  const int64_t missed = load.clues();
  Crowd crowd(bench.self, {.service = bench.service,
                           .cursor = cursor,
                           .monitors = kMonitors,
                           .missed = missed,
                           .patience = kPatience});
  load.Run(kPatience + kPatience, [&] { return crowd.done(); });
  const SteadyLoad::Told during = load.TakeLatencies();
  const Crowd::Result result = crowd.Wait();
  report->Add("resume_level", "monitors of 100 that had what they missed in 10 s at 5,000 clues/s",
              result.level, "", ">= 100");
  report->Add("resume_share", "of what they missed, told within 60 s", result.share, "%", ">= 100");
  report->Add("resume_seconds", "until all had it, while clues went on; 0: not within 60 s",
              result.seconds, "s");
  if (result.seconds > 0) {
    report->Add("resume_alerts_per_second", "alerts told to them meanwhile, of what they missed",
                static_cast<double>(missed) * kMonitors / result.seconds, "/s");
  }
  const double p99_before = absl::ToDoubleMilliseconds(before.ordinary.At(0.99));
  const double p99_during = absl::ToDoubleMilliseconds(during.ordinary.At(0.99));
  report->Add("resume_live_p50_ms", "submit to told of a live monitor meanwhile, p50",
              absl::ToDoubleMilliseconds(during.ordinary.At(0.5)), "ms");
  report->Add("resume_live_p99_ms", "the same, p99", p99_during, "ms");
  report->Add("resume_live_p99_ratio", "the same / before they came", p99_during / p99_before, "x",
              "<= 2");
  report->Add("resume_rewriting_p99_ms", "the same, while Redis rewrites its file",
              absl::ToDoubleMilliseconds(during.while_redis_rewrites.At(0.99)), "ms");
}

void MeasureCatchUp(const Bench& bench, Report* report) {
  const std::string cursor = LatestCursor(bench);
  if (!FillLedger(bench.service, bench.catch_up)) return;
  std::atomic<int64_t> told = 0;
  const absl::Time begun = absl::Now();
  StreamLoad monitor(bench.service, kMonitorToken, kWatchMethod, WatchFromCursor(cursor), 1, 1,
                     [&](int, const std::string& bytes) { told += CountUpdates(bytes); });
  if (!WaitForCount(told, bench.catch_up, absl::Minutes(5))) return;
  report->Add("catch_up_alerts", "alerts that one monitor caught up with",
              static_cast<double>(bench.catch_up), "");
  report->Add("catch_up_per_second", "of them a second",
              static_cast<double>(bench.catch_up) / absl::ToDoubleSeconds(absl::Now() - begun),
              "/s");
}

}  // namespace supervision::bench
