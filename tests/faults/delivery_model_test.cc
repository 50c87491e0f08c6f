// Delivery under random schedules: three replicas on one Redis, watches, filtered watches, watches
// that begin with a snapshot, named subscriptions, exclusive and shared, and whatever may happen to
// them, compared with a simple model (delivery_oracle.h). The seed of the first schedule is
// printed; SUPERVISION_TEST_SEED runs them again, SUPERVISION_TEST_ROUNDS asks for another number
// of schedules. Where a fault has not yet met a kind of stream often enough, there are more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/faults/delivery_schedule.h"
#include "tests/support/heap.h"

namespace supervision::faults {
namespace {

constexpr int kLanes = 4;
constexpr int kSchedules = testing::kSanitized ? 99 : 504;  // as many of each theme
constexpr int kLeastOfEach = 20;  // of each fault with each kind of stream
constexpr size_t kMostProblems = 20;
constexpr std::array<Plant, 5> kPlants = {Plant::kDropOne, Plant::kDoubleOne, Plant::kSwapTwo,
                                          Plant::kOutsideTheScope, Plant::kToldAfterItLeft};
using Kind = DeliveryClient::Kind;
// As DeliveryLane::Outcome has the evidence of them.
constexpr auto kMonitors = DeliveryClient::kKinds;

int Setting(const char* name, int standard) {
  const char* const text = std::getenv(name);
  return text == nullptr ? standard : std::atoi(text);
}

// Which of the planted faults the oracle finds in what really was told.
class Plants {
 public:
  void Try(const DeliveryEvidence& evidence) {
    for (size_t plant = 0; plant < kPlants.size(); ++plant) {
      for (size_t monitor = 0; monitor < kMonitors.size(); ++monitor) {
        DeliveryEvidence planted = evidence;
        if (!PlantFault(kPlants[plant], &planted, monitor)) continue;
        ++planted_[plant][monitor];
        if (!Judge(planted).empty()) ++caught_[plant][monitor];
      }
    }
  }
  int planted(size_t plant, size_t monitor) const { return planted_[plant][monitor]; }
  int caught(size_t plant, size_t monitor) const { return caught_[plant][monitor]; }

 private:
  int planted_[kPlants.size()][kMonitors.size()] = {};
  int caught_[kPlants.size()][kMonitors.size()] = {};
};

// What has not happened often enough.
std::vector<std::string> Lacking(const FaultCounts& counts, const Plants& plants) {
  std::vector<std::string> lacking;
  const auto count = [&](const std::string& fault, const std::vector<Kind>& kinds) {
    for (const Kind kind : kinds) {
      if (counts.Of(fault, kind) >= kLeastOfEach) continue;
      lacking.push_back(absl::StrCat(fault, " with kind ", static_cast<int>(kind)));
    }
  };
  for (const char* const fault :
       {"goes away", "cut in a message", "reads nothing", "redis killed", "replica killed",
        "paused past its leases", "trimmed", "scope changes", "revised", "withdrawn",
        "told that one has left"}) {
    count(fault, {kMonitors.begin(), kMonitors.end()});
  }
  count("filter changes", {Kind::kFilteredWatch, Kind::kConsume, Kind::kSnapshot, Kind::kShare});
  count("acknowledges some", {Kind::kConsume, Kind::kShare});
  for (size_t plant = 0; plant < kPlants.size(); ++plant) {
    for (size_t monitor = 0; monitor < kMonitors.size(); ++monitor) {
      if (kPlants[plant] == Plant::kSwapTwo && kMonitors[monitor] == Kind::kShare) continue;
      if (plants.planted(plant, monitor) >= kLeastOfEach) continue;
      lacking.push_back(absl::StrCat("planted fault ", plant, " with monitor ", monitor));
    }
  }
  return lacking;
}

TEST(DeliveryModelTest, NothingIsMissedDoubledOutOfOrderOrOutsideTheScope) {
  const int schedules = Setting("SUPERVISION_TEST_ROUNDS", kSchedules);
  const auto first = static_cast<uint32_t>(
      Setting("SUPERVISION_TEST_SEED", static_cast<int>(std::random_device()() >> 8)));
  std::printf("SUPERVISION_TEST_SEED=%u\n", first);
  std::vector<std::vector<std::string>> scopes;
  for (int lane = 0; lane < kLanes; ++lane) scopes.push_back(DeliveryLane::WideScope(lane));
  DeliveryCluster cluster(scopes);
  ASSERT_TRUE(cluster.Start());

  FaultCounts counts;
  std::atomic<int> next = 0;
  base::Mutex mutex;
  std::vector<std::string> problems;
  size_t alerts = 0;
  Plants plants;
  int most = schedules;
  const bool counted = schedules >= kSchedules && !testing::kSanitized;
  if (counted) most *= 2;
  std::atomic<int> ran = 0;
  const auto goes_on = [&](int i) {
    if (i < schedules || i >= most) return i < most;
    base::MutexLock lock(&mutex);
    return !Lacking(counts, plants).empty();
  };
  std::vector<std::thread> lanes;
  for (int number = 0; number < kLanes; ++number) {
    lanes.emplace_back([&, number] {
      DeliveryLane lane(&cluster, &counts, number);
      for (int i = next++; goes_on(i); i = next++) {
        ++ran;
        const uint32_t seed = first + static_cast<uint32_t>(i);
        const DeliveryLane::Outcome outcome = lane.Run(seed);
        std::vector<std::string> broken = Judge(outcome.evidence);
        broken.insert(broken.begin(), outcome.problems.begin(), outcome.problems.end());
        base::MutexLock lock(&mutex);
        alerts += outcome.evidence.published.size();
        for (const std::string& one : broken) {
          problems.push_back(absl::StrCat("seed ", seed, ": ", one));
        }
        if (!broken.empty()) std::printf("%s", Describe(outcome.evidence).c_str());
        if (broken.empty()) plants.Try(outcome.evidence);
        if (problems.size() >= kMostProblems) next = most;
      }
      cluster.Stop();
    });
  }
  cluster.Serve();
  for (std::thread& lane : lanes) lane.join();

  std::printf("%d schedules, %zu alerts\n%s", ran.load(), alerts, counts.Table().c_str());
  EXPECT_THAT(cluster.Crashes(), ::testing::IsEmpty());
  EXPECT_THAT(problems, ::testing::IsEmpty());
  for (size_t plant = 0; plant < kPlants.size(); ++plant) {
    for (size_t monitor = 0; monitor < kMonitors.size(); ++monitor) {
      std::printf("planted fault %zu with monitor %zu: %d, %d of them found\n", plant, monitor,
                  plants.planted(plant, monitor), plants.caught(plant, monitor));
      EXPECT_EQ(plants.caught(plant, monitor), plants.planted(plant, monitor));
    }
  }
  if (counted) {
    EXPECT_THAT(Lacking(counts, plants), ::testing::IsEmpty());
  }
}

}  // namespace
}  // namespace supervision::faults
