// A bad network between clients and the service, and between the service and Redis: what the client
// library submits, watches and consumes through it is neither lost nor doubled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/client.h"
#include "clients/cpp/monitor.h"
#include "tests/faults/library_consumer.h"
#include "tests/faults/network_gate.h"
#include "tests/faults/oracle.h"
#include "tests/faults/workers.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::faults {
namespace {

using std::chrono::milliseconds;

constexpr int kSubmitters = 4;
constexpr int kGoOn = 60;  // clues acknowledged under a fault, and again when it is over
constexpr int kCuts = 15;
// What a connection that is dead without a word keeps from the others, lease by lease, until the
// service notices.
constexpr int kShareWindow = 8;
constexpr char kMonitorToken[] = "example-monitor-token";

// A monitor of the client library.
class LibraryMonitor {
 public:
  explicit LibraryMonitor(client::ClientOptions options) : client_(std::move(options)) {
    client::MonitorOptions monitor;
    monitor.watch.start_from = v1::START_FROM_EARLIEST;
    monitor.watch.bookmark_interval = absl::Milliseconds(200);
    monitor.watch.backoff = {absl::Milliseconds(20), absl::Milliseconds(200)};
    monitor.watch.opening_limit = absl::Seconds(3);
    monitor.watch.silence_limit = absl::Seconds(3);
    client::Monitor::Callbacks callbacks;
    callbacks.on_updates = [this](const std::vector<v1::AlertUpdate>& updates, const auto&) {
      base::MutexLock lock(&mutex_);
      for (const v1::AlertUpdate& update : updates) {
        told_.push_back({update.alert().clue_id(), update.alert().version()});
      }
    };
    callbacks.on_break = [this](const absl::Status&, absl::Duration) {
      base::MutexLock lock(&mutex_);
      ++breaks_;
    };
    callbacks.on_end = [this](const absl::Status& status) {
      base::MutexLock lock(&mutex_);
      end_ = status;
    };
    monitor_ = std::make_unique<client::Monitor>(&client_, monitor, callbacks);
  }

  bool WaitForClue(const std::string& id) {
    return testing::Eventually(
        [&] {
          base::MutexLock lock(&mutex_);
          if (!end_.ok()) return true;
          return !told_.empty() && told_.back().clue_id == id;
        },
        std::chrono::seconds(120));
  }
  std::vector<Told> told() const {
    base::MutexLock lock(&mutex_);
    return told_;
  }
  absl::Status end() const {
    base::MutexLock lock(&mutex_);
    return end_;
  }
  int breaks() const {
    base::MutexLock lock(&mutex_);
    return breaks_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<Told> told_ ABSL_GUARDED_BY(mutex_);
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  int breaks_ ABSL_GUARDED_BY(mutex_) = 0;
  client::Client client_;
  std::unique_ptr<client::Monitor> monitor_;  // ends first
};

struct Case {
  const char* name;
  bool redis;  // between the service and Redis; otherwise between clients and the service
  // What happens; `go_on` waits until so many more clues are acknowledged.
  std::function<void(NetworkGate* gate, const std::function<void(int)>& go_on)> fault;
};

void Delay(NetworkGate* gate, const std::function<void(int)>& go_on) {
  gate->SetWeather({.delay = milliseconds(15)});
  go_on(kGoOn);
}

void TinyChunks(NetworkGate* gate, const std::function<void(int)>& go_on) {
  gate->SetWeather({.chunk = 7});
  go_on(kGoOn);
}

// Each in the middle of something, and the next only when this one has happened: how many bytes
// four clues need is nothing to rely on.
void Cut(NetworkGate* gate, const std::function<void(int)>& go_on) {
  std::mt19937 random(1);
  for (size_t cut = 1; cut <= kCuts; ++cut) {
    gate->CutAfter(1 + random() % 3000);
    ASSERT_TRUE(testing::Eventually([&] { return gate->cuts() >= cut; })) << "cut " << cut;
    go_on(kGoOn / kCuts);
  }
  gate->CutAll();
  go_on(kGoOn);
}

// The connections that there are go dead without a word; new ones pass.
void HalfOpen(NetworkGate* gate, const std::function<void(int)>& go_on) {
  const size_t before = gate->connections();
  gate->Silence();
  // It takes a while until somebody tries anew, and that one shall pass.
  gate->Heal();
  go_on(kGoOn);
  EXPECT_GT(gate->connections(), before);
}

class NetworkFaultsTest : public ::testing::TestWithParam<Case> {
 protected:
  client::ClientOptions Options(const std::string& token) const {
    client::ClientOptions options;
    options.channel.address = to_service_->address();
    options.channel.keepalive = client::kLeastKeepalive;
    options.channel.keepalive_timeout = absl::Seconds(1);
    options.token = token;
    options.retry.attempt_timeout = absl::Seconds(3);
    return options;
  }

  testing::RedisServer redis_;
  NetworkGate to_redis_{"unix:" + redis_.path()};
  testing::TempDir directory_;
  testing::ServiceProcess service_{{.directory = directory_.path(),
                                    .redis_address = to_redis_.address(),
                                    .port = testing::FreePort()}};
  std::unique_ptr<NetworkGate> to_service_;
};

TEST_P(NetworkFaultsTest, LosesAndDoublesNothing) {
  ASSERT_TRUE(service_.Start()) << service_.log_path();
  to_service_ = std::make_unique<NetworkGate>(service_.grpc_address());
  Progress acknowledged;
  Tally tally;
  LibraryMonitor monitor(Options(kMonitorToken));
  client::Client owner(Options(kMonitorToken));
  ASSERT_TRUE(MakeSubscription(&owner, "alone", false).ok());
  ASSERT_TRUE(MakeSubscription(&owner, "pair", true).ok());
  LibraryConsumer alone({Options(kMonitorToken), "alone"});
  std::vector<std::unique_ptr<LibraryConsumer>> pair;
  for (int i = 0; i < 2; ++i) {
    pair.push_back(std::make_unique<LibraryConsumer>(
        LibraryConsumer::Options{Options(kMonitorToken), "pair", true, kShareWindow}));
  }
  std::vector<std::unique_ptr<StrictSubmitter>> submitters;
  const auto path = [&](int i) { return absl::StrCat(directory_.path(), "/submitter-", i); };
  for (int i = 0; i < kSubmitters; ++i) {
    const auto client = std::make_shared<client::Client>(Options("example-partner-token"));
    submitters.push_back(std::make_unique<StrictSubmitter>(
        absl::StrCat("network-", i),
        [client](const std::string& record) -> absl::StatusOr<std::string> {
          const auto response = client->Submit(MakeRequest(record));
          if (!response.ok()) return response.status();
          return response->receipt().clue_id();
        },
        path(i), &acknowledged, &tally));
  }
  const auto go_on = [&](int count) {
    EXPECT_TRUE(acknowledged.WaitFor(acknowledged.count() + count)) << "nothing goes on";
  };
  go_on(kGoOn);
  NetworkGate* const gate = GetParam().redis ? &to_redis_ : to_service_.get();
  const uint64_t before = gate->bytes();
  GetParam().fault(gate, go_on);
  EXPECT_GT(gate->bytes(), before);
  gate->Heal();
  go_on(kGoOn);
  for (const auto& submitter : submitters) submitter->Stop();

  const std::string last = SubmitOne(service_.grpc_address(), "last");
  EXPECT_TRUE(monitor.WaitForClue(last)) << monitor.end();
  EXPECT_TRUE(alone.WaitForClue(last));
  Progress read;
  Monitor fresh(service_.grpc_address(), Monitor::From::kEarliest, directory_.path() + "/fresh",
                &read);
  EXPECT_TRUE(fresh.WaitForClue(last)) << fresh.error();
  fresh.Stop();
  Evidence evidence;
  for (int i = 0; i < kSubmitters; ++i) {
    for (std::string& id : ReadLines(path(i))) evidence.acknowledged.push_back(std::move(id));
  }
  for (const std::string& line : ReadLines(directory_.path() + "/fresh")) {
    evidence.history.push_back(ToldFromLine(line));
  }
  EXPECT_TRUE(WaitForAll(pair, evidence.history));
  evidence.monitors = {monitor.told(), alone.told()};
  evidence.shares = {ToldTogether(pair)};
  std::printf("%zu acknowledged, %zu in the history, %zu connections, %zu cuts\n",
              evidence.acknowledged.size(), evidence.history.size(), gate->connections(),
              gate->cuts());
  std::printf(
      "breaks: %d of the monitor, %d of the consumer, %d and %d of the pair, which shared "
      "%zu and %zu\n",
      monitor.breaks(), alone.breaks(), pair[0]->breaks(), pair[1]->breaks(), pair[0]->count(),
      pair[1]->count());
  EXPECT_THAT(tally.failures(), ::testing::IsEmpty());
  // Every acknowledged clue once, and nothing that nobody submitted.
  EXPECT_EQ(evidence.history.size(), evidence.acknowledged.size() + 1);
  EXPECT_THAT(Judge(evidence), ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Places, NetworkFaultsTest,
    ::testing::Values(Case{"ClientsDelay", false, Delay},
                      Case{"ClientsTinyChunks", false, TinyChunks}, Case{"ClientsCut", false, Cut},
                      Case{"ClientsHalfOpen", false, HalfOpen}, Case{"RedisDelay", true, Delay},
                      Case{"RedisTinyChunks", true, TinyChunks}, Case{"RedisCut", true, Cut},
                      Case{"RedisHalfOpen", true, HalfOpen}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace supervision::faults
