// What one partner's flood does to another's answers: a service of its own, whose quota a partner
// exceeds many times over while another goes on as before.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/bench/flood.h"
#include "tests/bench/open_loop.h"
#include "tests/bench/scenarios.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::bench {
namespace {

constexpr char kNeighbourToken[] = "example-partner-2-token";
constexpr int kNeighbourPerSecond = 200;
constexpr int kQuotaPerSecond = 500;
constexpr int kFloodPerSecond = 10 * kQuotaPerSecond;
// Alone, beside the other, and in its flood in turns: of eight hundred calls the eighth slowest is
// whatever the machine did beside, so the median of rounds counts.
constexpr int kRounds = 3;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// What the neighbour saw in each round, in milliseconds.
struct Seen {
  std::vector<double> p50;
  std::vector<double> p99;

  void Add(const Latencies& latencies) {
    p50.push_back(absl::ToDoubleMilliseconds(latencies.At(0.5)));
    p99.push_back(absl::ToDoubleMilliseconds(latencies.At(0.99)));
  }
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
  neighbour.Run(kNeighbourPerSecond, bench.duration / 4);  // until all is warm
  neighbour.TakeLatencies();
  const auto alone_for_once = [&] {
    neighbour.Run(kNeighbourPerSecond, bench.duration);
    return neighbour.TakeLatencies();
  };
  // Adds what was accepted of what another sends to `accepted`.
  const auto beside = [&](int per_second, int64_t* accepted) {
    FloodTask task;
    task.service = service.grpc_address();
    task.per_second = per_second;
    task.duration = bench.duration * 1.1;
    Flood flood(bench.self, task);
    Latencies seen = alone_for_once();
    *accepted += flood.Wait();
    return seen;
  };
  Seen alone;
  Seen beside_quota;
  Seen in_flood;
  std::vector<double> ratios;
  int64_t within = 0;
  int64_t accepted = 0;
  for (int round = 0; round < kRounds; ++round) {
    alone.Add(alone_for_once());
    // What the flood's quota lets through is load that the neighbour has to live with in any case.
    beside_quota.Add(beside(kQuotaPerSecond * 9 / 10, &within));
    in_flood.Add(beside(kFloodPerSecond, &accepted));
    ratios.push_back(in_flood.p99.back() / alone.p99.back());
  }
  const auto add = [&](const std::string& key, const std::string& what, const Seen& seen) {
    report->Add(absl::StrCat(key, "_p50_ms"), absl::StrCat(what, ", p50"), Median(seen.p50), "ms");
    report->Add(absl::StrCat(key, "_p99_ms"), absl::StrCat(what, ", p99"), Median(seen.p99), "ms");
  };
  add("neighbour_alone", "a partner at 200 clues/s, alone", alone);
  add("neighbour_at_quota", "beside another that stays within its quota of 500/s", beside_quota);
  add("neighbour_in_flood", "beside another that sends 10 times its quota", in_flood);
  report->Add("neighbour_in_flood_vs_alone", "p99 beside the flood / alone, median of rounds",
              Median(ratios), "x", "<= 1.5");
  report->Add("neighbour_flood_accepted", "what the flood got of what it got within its quota",
              static_cast<double>(accepted) / static_cast<double>(within), "x", "<= 1.5");
}

}  // namespace supervision::bench
