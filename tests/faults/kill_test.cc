#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/faults/gate.h"
#include "tests/faults/oracle.h"
#include "tests/faults/workers.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

// kill -9 of the service and of Redis under load, judged by the oracle. The seed is printed; set
// SUPERVISION_TEST_SEED to run it again, SUPERVISION_TEST_ROUNDS for more rounds.
namespace supervision::faults {
namespace {

constexpr int kSubmitters = 32;
constexpr int kMonitors = 4;
// Enough that every submitter has been answered after each kill.
constexpr int kAcknowledgedBetweenKills = 320;

int Rounds(int standard) {
  const char* const text = std::getenv("SUPERVISION_TEST_ROUNDS");
  return text == nullptr ? standard : std::max(1, std::atoi(text));
}

uint64_t Seed() {
  const char* const text = std::getenv("SUPERVISION_TEST_SEED");
  const uint64_t seed = text == nullptr ? std::random_device()() : std::strtoull(text, nullptr, 10);
  std::printf("SUPERVISION_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// Submitters and monitors around one service address, and their journals.
class Load {
 public:
  explicit Load(std::string address) : address_(std::move(address)) {
    for (int i = 0; i < kMonitors; ++i) {
      monitors_.push_back(std::make_unique<Monitor>(
          address_, i % 2 == 0 ? Monitor::From::kEarliest : Monitor::From::kLatest,
          Path("monitor", i), &told_));
    }
    for (int i = 0; i < kSubmitters; ++i) {
      submitters_.push_back(
          std::make_unique<Submitter>(i, address_, Path("submitter", i), &acknowledged_));
    }
  }

  // Waits until `count` more clues have been acknowledged.
  bool GoOn(int count = kAcknowledgedBetweenKills) {
    return acknowledged_.WaitFor(acknowledged_.count() + count);
  }

  // Ends the load when everyone has been told of one last clue, and collects what was written down.
  Evidence Finish() {
    for (const auto& submitter : submitters_) submitter->Stop();
    const std::string last = SubmitOne(address_, "last");
    EXPECT_FALSE(last.empty()) << "the service did not come back";
    for (const auto& monitor : monitors_) {
      EXPECT_TRUE(monitor->WaitForClue(last)) << monitor->error();
      monitor->Stop();
    }
    Progress read;
    Monitor fresh(address_, Monitor::From::kEarliest, Path("fresh", 0), &read);
    EXPECT_TRUE(fresh.WaitForClue(last)) << fresh.error();
    fresh.Stop();

    Evidence evidence;
    for (int i = 0; i < kSubmitters; ++i) {
      for (std::string& id : ReadLines(Path("submitter", i))) {
        evidence.acknowledged.push_back(std::move(id));
      }
    }
    for (int i = 0; i < kMonitors; ++i) evidence.monitors.push_back(ReadTold(Path("monitor", i)));
    evidence.history = ReadTold(Path("fresh", 0));
    std::printf("%zu acknowledged, %zu in the history\n", evidence.acknowledged.size(),
                evidence.history.size());
    return evidence;
  }

 private:
  std::string Path(const std::string& who, int number) const {
    return absl::StrCat(directory_.path(), "/", who, "-", number);
  }
  static std::vector<Told> ReadTold(const std::string& path) {
    std::vector<Told> told;
    for (const std::string& line : ReadLines(path)) told.push_back(ToldFromLine(line));
    return told;
  }

  const std::string address_;
  const testing::TempDir directory_;
  Progress acknowledged_;
  Progress told_;
  std::vector<std::unique_ptr<Monitor>> monitors_;
  std::vector<std::unique_ptr<Submitter>> submitters_;
};

// Deals every kind of kill once before any comes again, in an order drawn by the seed.
class Deck {
 public:
  Deck(int kinds, uint64_t seed) : random_(seed) {
    for (int i = 0; i < kinds; ++i) all_.push_back(i);
  }
  int Draw() {
    if (left_.empty()) {
      left_ = all_;
      std::shuffle(left_.begin(), left_.end(), random_);
    }
    const int kind = left_.back();
    left_.pop_back();
    return kind;
  }

 private:
  std::mt19937_64 random_;
  std::vector<int> all_;
  std::vector<int> left_;
};

// Waits for the moment that a gate's trap springs.
class Latch {
 public:
  void Open() {
    base::MutexLock lock(&mutex_);
    open_ = true;
    changed_.SignalAll();
  }
  bool Wait() {
    base::MutexLock lock(&mutex_);
    for (int i = 0; i < 60 && !open_; ++i) changed_.WaitFor(&mutex_, std::chrono::seconds(1));
    return open_;
  }

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST(KillTest, NothingIsLostOrDoubledAroundACommit) {
  // The moment is exact: a gate between the service and Redis holds back the commit, or its answer.
  struct Kind {
    const char* name;
    Gate::Trap trap;
    bool service;  // who is killed at that moment
    bool redis;
  };
  const std::vector<Kind> kinds = {
      {"service before the script", Gate::Trap::kBeforeScript, true, false},
      {"service after the script, before the answer", Gate::Trap::kAfterScript, true, false},
      {"redis before the script", Gate::Trap::kBeforeScript, false, true},
      {"redis after the script, before the answer", Gate::Trap::kAfterScript, false, true},
      {"both after the script, before the answer", Gate::Trap::kAfterScript, true, true},
      {"the connection, before the script", Gate::Trap::kBeforeScript, false, false},
  };
  testing::RedisServer redis;
  const testing::TempDir directory;
  const std::string gate_path = directory.path() + "/gate.sock";
  Gate gate(gate_path, redis.path());
  testing::ServiceProcess::Options options;
  options.directory = directory.path();
  options.redis_address = "unix:" + gate_path;
  options.port = testing::FreePort();
  testing::ServiceProcess service(options);
  ASSERT_TRUE(service.Start()) << service.log_path();
  Load load(service.grpc_address());
  ASSERT_TRUE(load.GoOn());

  Deck deck(static_cast<int>(kinds.size()), Seed());
  std::map<std::string, int> hits;
  for (int round = 0; round < Rounds(12); ++round) {
    const Kind& kind = kinds[static_cast<size_t>(deck.Draw())];
    Latch sprung;
    gate.Arm(kind.trap, [&] {
      if (kind.service) kill(service.pid(), SIGKILL);
      if (kind.redis) kill(redis.pid(), SIGKILL);
      sprung.Open();
    });
    ASSERT_TRUE(sprung.Wait()) << kind.name;
    ++hits[kind.name];
    if (kind.redis) redis.Restart();
    if (kind.service) {
      service.Kill();
      ASSERT_TRUE(service.Start()) << service.log_path();
    }
    ASSERT_TRUE(load.GoOn()) << "round " << round << ", " << kind.name;
  }
  for (const auto& [name, count] : hits) std::printf("%3d x %s\n", count, name.c_str());
  EXPECT_EQ(hits.size(), std::min(kinds.size(), static_cast<size_t>(Rounds(12))));
  EXPECT_THAT(Judge(load.Finish()), ::testing::IsEmpty());
}

TEST(KillTest, NothingIsLostOrDoubledWithTheEmbeddedRedis) {
  enum Kind { kService, kRedis, kBoth };
  const std::vector<std::string> names = {"service", "redis", "both"};
  const testing::TempDir directory;
  testing::ServiceProcess::Options options;
  options.directory = directory.path();
  options.port = testing::FreePort();
  testing::ServiceProcess service(options);
  ASSERT_TRUE(service.Start()) << service.log_path();
  Load load(service.grpc_address());
  ASSERT_TRUE(load.GoOn());

  const uint64_t seed = Seed();
  Deck deck(static_cast<int>(names.size()), seed);
  std::mt19937_64 random(seed);
  std::map<std::string, int> hits;
  for (int round = 0; round < Rounds(8); ++round) {
    const int kind = deck.Draw();
    // A random moment: some number of acknowledgements after the last kill.
    ASSERT_TRUE(load.GoOn(static_cast<int>(random() % kAcknowledgedBetweenKills)));
    const int redis = testing::ChildOf(service.pid());
    ASSERT_NE(redis, 0);
    if (kind != kRedis) kill(service.pid(), SIGKILL);
    if (kind != kService) kill(redis, SIGKILL);
    ++hits[names[static_cast<size_t>(kind)]];
    if (kind != kRedis) {
      service.Kill();
      ASSERT_TRUE(service.Start()) << service.log_path();
    }
    ASSERT_TRUE(load.GoOn()) << "round " << round << ", " << names[static_cast<size_t>(kind)];
  }
  for (const auto& [name, count] : hits) std::printf("%3d x %s\n", count, name.c_str());
  EXPECT_THAT(Judge(load.Finish()), ::testing::IsEmpty());
}

}  // namespace
}  // namespace supervision::faults
