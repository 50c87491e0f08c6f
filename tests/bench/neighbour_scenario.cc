// What one partner's flood does to another's answers: a service of its own, whose quota a partner
// exceeds many times over while another goes on as before.

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/base/mutex.h"
#include "tests/bench/load.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"
#include "tests/bench/waiting.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::bench {
namespace {

constexpr char kNeighbourToken[] = "example-partner-2-token";
constexpr int kNeighbourPerSecond = 200;
constexpr int kQuotaPerSecond = 500;
constexpr int kFloodPerSecond = 10 * kQuotaPerSecond;
constexpr absl::Duration kPatience = absl::Seconds(30);

// Sends `per_second` clues for `duration`, each at its time whatever became of those before it.
class OpenLoop {
 public:
  OpenLoop(const std::string& address, const std::string& token) : client_(address, token) {}

  void Run(int per_second, absl::Duration duration) {
    const auto calls = static_cast<int64_t>(per_second * absl::ToDoubleSeconds(duration));
    const absl::Time start = absl::Now();
    for (int64_t i = 0; i < calls; ++i) {
      WaitUntil(start + absl::Seconds(1) * i / per_second);
      const absl::Time sent = absl::Now();
      client_.Start(kSubmitMethod, NextSubmit(), [this, sent](bool ok, const std::string&) {
        {
          base::MutexLock lock(&mutex_);
          if (ok) latencies_.Add(absl::Now() - sent);
        }
        ++answered_;
      });
    }
    WaitForCount(answered_, calls, kPatience);
    answered_ = 0;
  }
  // Of the calls that were accepted, since the last time.
  Latencies TakeLatencies() {
    base::MutexLock lock(&mutex_);
    return std::exchange(latencies_, {});
  }

 private:
  LoadClient client_;
  std::atomic<int64_t> answered_ = 0;
  base::Mutex mutex_;
  Latencies latencies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

void MeasureNeighbour(const Bench& bench, Report* report) {
  const testing::TempDir directory;
  testing::ServiceProcess::Options options;
  options.directory = directory.path();
  options.arguments = {absl::StrCat("--quotas.calls_per_second=", kQuotaPerSecond)};
  testing::ServiceProcess service(options);
  if (!service.Start()) {
    std::fprintf(stderr, "a server did not start; its log: %s\n", service.log_path().c_str());
    return;
  }
  OpenLoop neighbour(service.grpc_address(), kNeighbourToken);
  OpenLoop flood(service.grpc_address(), kPartnerToken);
  neighbour.Run(kNeighbourPerSecond, bench.duration / 4);  // until all is warm
  neighbour.TakeLatencies();
  neighbour.Run(kNeighbourPerSecond, bench.duration);
  const Latencies alone = neighbour.TakeLatencies();
  // What the flood's quota lets through is load that the neighbour has to live with in any case.
  std::thread at_quota([&] { flood.Run(kQuotaPerSecond * 9 / 10, bench.duration * 1.1); });
  neighbour.Run(kNeighbourPerSecond, bench.duration);
  at_quota.join();
  const Latencies beside_quota = neighbour.TakeLatencies();
  const size_t within = flood.TakeLatencies().size();
  std::thread over_quota([&] { flood.Run(kFloodPerSecond, bench.duration * 1.1); });
  neighbour.Run(kNeighbourPerSecond, bench.duration);
  over_quota.join();
  const Latencies beside_flood = neighbour.TakeLatencies();
  const auto accepted = static_cast<double>(flood.TakeLatencies().size());

  const auto add = [&](const std::string& key, const std::string& what, const Latencies& of) {
    report->Add(absl::StrCat(key, "_p50_ms"), absl::StrCat(what, ", p50"),
                absl::ToDoubleMilliseconds(of.At(0.5)), "ms");
    report->Add(absl::StrCat(key, "_p99_ms"), absl::StrCat(what, ", p99"),
                absl::ToDoubleMilliseconds(of.At(0.99)), "ms");
  };
  add("neighbour_alone", "a partner at 200 clues/s, alone", alone);
  add("neighbour_at_quota", "beside another that stays within its quota of 500/s", beside_quota);
  add("neighbour_in_flood", "beside another that sends 10 times its quota", beside_flood);
  report->Add("neighbour_in_flood_vs_alone", "p99 beside the flood / alone",
              absl::FDivDuration(beside_flood.At(0.99), alone.At(0.99)), "x", "<= 1.5");
  report->Add("neighbour_flood_accepted", "what the flood got of what it got within its quota",
              accepted / static_cast<double>(within), "x", "<= 1.5");
}

}  // namespace supervision::bench
