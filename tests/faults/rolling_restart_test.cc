#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cpp/client.h"
#include "clients/cpp/error.h"
#include "clients/cpp/watcher.h"
#include "supervision/v1/clue_service.grpc.pb.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "supervision/v1/subscription_service.grpc.pb.h"
#include "tests/faults/library_consumer.h"
#include "tests/faults/oracle.h"
#include "tests/faults/workers.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

// Three replicas on one Redis are restarted one behind the other under load, as an upgrade does it.
// No partner may notice, neither one with the C++ library nor one with a plain gRPC client and the
// shipped service config; no monitor either, nor whoever consumes a named subscription, alone or as
// one of two. SUPERVISION_TEST_ROUNDS: how often every replica is restarted.
namespace supervision::faults {
namespace {

constexpr int kReplicas = 3;
constexpr int kSubmitters = 8;  // of each kind
constexpr int kMonitors = 6;
constexpr int kLibraryMonitors = 3;
constexpr int kScreens = 2;
// Of a stream, from its last message to the first of the one that went on. That a stream goes on
// within 2 s of its end is asked for, and to be read in what is printed; this is for one that
// hangs.
constexpr absl::Duration kLongestOutage = absl::Seconds(20);
constexpr int kAcknowledgedBetweenRestarts = 300;
constexpr char kToken[] = "example-partner-token";
constexpr char kMonitorToken[] = "example-monitor-token";

int Rounds(int standard) {
  const char* const text = std::getenv("SUPERVISION_TEST_ROUNDS");
  return text == nullptr ? standard : std::max(1, std::atoi(text));
}

std::string ServiceConfig() {
  std::ifstream file(SUPERVISION_SOURCE_DIR "/clients/service_config.json");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::shared_ptr<grpc::Channel> PlainChannel(const std::string& address, int number) {
  grpc::ChannelArguments arguments;
  arguments.SetInt("faults.worker", number);  // a connection of its own
  arguments.SetServiceConfigJSON(ServiceConfig());
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::unique_ptr<grpc::ClientContext> PlainContext(const char* token) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->AddMetadata("authorization", absl::StrCat("Bearer ", token));
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  return context;
}

// A partner that uses nothing but generated stubs and the service config.
StrictSubmitter::Submit PlainSubmit(const std::string& address, int number) {
  const std::shared_ptr<v1::ClueService::Stub> stub =
      v1::ClueService::NewStub(PlainChannel(address, number));
  return [stub](const std::string& record) -> absl::StatusOr<std::string> {
    v1::SubmitClueResponse response;
    const grpc::Status status =
        stub->SubmitClue(PlainContext(kToken).get(), MakeRequest(record), &response);
    if (!status.ok()) return client::ToAbslStatus(status);
    return response.receipt().clue_id();
  };
}

// A screen that asks beside the streams, with generated stubs and the service config, and repeats
// nothing by itself.
class PlainScreen {
 public:
  PlainScreen(const std::string& address, int number, Tally* tally)
      : subscriptions_(v1::SubscriptionService::NewStub(PlainChannel(address, number))),
        silences_(v1::SilenceService::NewStub(PlainChannel(address, number))),
        tally_(tally),
        thread_([this] { Run(); }) {}
  ~PlainScreen() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    v1::ListSubscriptionsResponse subscriptions;
    v1::ListSilencesResponse silences;
    while (!stopping_) {
      Count(
          subscriptions_->ListSubscriptions(PlainContext(kMonitorToken).get(), {}, &subscriptions));
      Count(silences_->ListSilences(PlainContext(kMonitorToken).get(), {}, &silences));
    }
  }
  void Count(const grpc::Status& status) { tally_->Count(status.ok(), status.error_message()); }

  const std::unique_ptr<v1::SubscriptionService::Stub> subscriptions_;
  const std::unique_ptr<v1::SilenceService::Stub> silences_;
  Tally* const tally_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

StrictSubmitter::Submit LibrarySubmit(const std::string& address) {
  client::ClientOptions options;
  options.channel.address = address;
  options.token = kToken;
  const auto client = std::make_shared<client::Client>(options);
  return [client](const std::string& record) -> absl::StatusOr<std::string> {
    const auto response = client->Submit(MakeRequest(record));
    if (!response.ok()) return response.status();
    return response->receipt().clue_id();
  };
}

client::ClientOptions MonitorOptions(const std::string& address) {
  client::ClientOptions options;
  options.channel.address = address;
  options.token = kMonitorToken;
  return options;
}

// A monitor that uses the library; what it is told is judged elsewhere, here only how it goes on.
class LibraryMonitor {
 public:
  explicit LibraryMonitor(const std::string& address)
      : client_(MonitorOptions(address)),
        watcher_(&client_, {},
                 {.on_updates = [this](const auto&, const auto&) { outages_.Message(); },
                  .on_break = [this](const auto&, absl::Duration) { outages_.Break(); },
                  .on_notice = nullptr}),
        thread_([this] { end_ = watcher_.Run(); }) {}
  ~LibraryMonitor() { Stop(); }
  void Stop() {
    watcher_.Stop();
    if (thread_.joinable()) thread_.join();
  }
  // After Stop().
  const absl::Status& end() const { return end_; }
  const Outages& outages() const { return outages_; }

 private:
  client::Client client_;
  Outages outages_;
  client::Watcher watcher_;
  absl::Status end_;
  std::thread thread_;
};

// Says how monitors of one kind went on.
class OutageReport {
 public:
  void Add(const Outages& outages) {
    for (const Outages::Outage& one : outages.all()) {
      resumed_.push_back(one.resumed);
      silent_.push_back(one.silent);
    }
  }
  // Gives the longest silence.
  absl::Duration Print(const std::string& who) {
    std::printf(
        "%s: %zu streams went on; from the end of one to the first message of the next %s; "
        "without a message %s\n",
        who.c_str(), resumed_.size(), Spread(&resumed_).c_str(), Spread(&silent_).c_str());
    return silent_.empty() ? absl::ZeroDuration() : silent_.back();
  }

 private:
  static std::string Spread(std::vector<absl::Duration>* durations) {
    if (durations->empty()) return "-";
    std::sort(durations->begin(), durations->end());
    return absl::StrFormat("%.0f ms (median), %.0f ms (longest)",
                           absl::ToDoubleMilliseconds((*durations)[durations->size() / 2]),
                           absl::ToDoubleMilliseconds(durations->back()));
  }
  std::vector<absl::Duration> resumed_;
  std::vector<absl::Duration> silent_;
};

// So that each begins at another replica.
std::vector<std::string> Rotated(std::vector<std::string> addresses, int by) {
  std::rotate(addresses.begin(), addresses.begin() + by % kReplicas, addresses.end());
  return addresses;
}

std::vector<Told> ReadTold(const std::string& path) {
  std::vector<Told> told;
  for (const std::string& line : ReadLines(path)) told.push_back(ToldFromLine(line));
  return told;
}

TEST(RollingRestartTest, NoPartnerAndNoMonitorNotices) {
  testing::RedisServer redis;
  const testing::TempDir directory;
  std::vector<std::unique_ptr<testing::TempDir>> directories;
  std::vector<std::unique_ptr<testing::ServiceProcess>> replicas;
  std::vector<std::string> addresses;
  for (int i = 0; i < kReplicas; ++i) {
    directories.push_back(std::make_unique<testing::TempDir>());
    testing::ServiceProcess::Options options;
    options.directory = directories.back()->path();
    options.redis_address = absl::StrCat("unix:", redis.path());
    options.port = testing::FreePort();
    options.arguments = {"--drain.announce=500ms", "--drain.spread=1s"};
    replicas.push_back(std::make_unique<testing::ServiceProcess>(options));
    ASSERT_TRUE(replicas.back()->Start()) << replicas.back()->log_path();
    addresses.push_back(replicas.back()->grpc_address());
    // It listens before its ledger is open.
    ASSERT_FALSE(SubmitOne(addresses.back(), absl::StrCat("ready-", i)).empty());
  }
  const std::string all = absl::StrCat("ipv4:", absl::StrJoin(addresses, ","));

  Progress acknowledged;
  Progress told;
  Tally plain;
  Tally library;
  Tally screen;
  std::vector<std::unique_ptr<StrictSubmitter>> submitters;
  const auto path = [&](const std::string& who, int number) {
    return absl::StrCat(directory.path(), "/", who, "-", number);
  };
  std::vector<std::unique_ptr<Monitor>> monitors;
  for (int i = 0; i < kMonitors; ++i) {
    monitors.push_back(std::make_unique<Monitor>(
        absl::StrCat("ipv4:", absl::StrJoin(Rotated(addresses, i), ",")),
        i % 2 == 0 ? Monitor::From::kEarliest : Monitor::From::kLatest, path("monitor", i), &told));
  }
  std::vector<std::unique_ptr<LibraryMonitor>> library_monitors;
  for (int i = 0; i < kLibraryMonitors; ++i) {
    library_monitors.push_back(std::make_unique<LibraryMonitor>(all));
  }
  client::Client owner(MonitorOptions(all));
  ASSERT_TRUE(MakeSubscription(&owner, "alone", false).ok());
  ASSERT_TRUE(MakeSubscription(&owner, "pair", true).ok());
  LibraryConsumer alone({MonitorOptions(all), "alone"});
  std::vector<std::unique_ptr<LibraryConsumer>> pair;
  for (int i = 0; i < 2; ++i) {
    pair.push_back(std::make_unique<LibraryConsumer>(LibraryConsumer::Options{
        MonitorOptions(absl::StrCat("ipv4:", absl::StrJoin(Rotated(addresses, i), ","))), "pair",
        true}));
  }
  for (int i = 0; i < kSubmitters; ++i) {
    submitters.push_back(std::make_unique<StrictSubmitter>(
        absl::StrCat("plain-", i), PlainSubmit(all, i), path("plain", i), &acknowledged, &plain));
    submitters.push_back(std::make_unique<StrictSubmitter>(absl::StrCat("library-", i),
                                                           LibrarySubmit(all), path("library", i),
                                                           &acknowledged, &library));
  }
  std::vector<std::unique_ptr<PlainScreen>> screens;
  for (int i = 0; i < kScreens; ++i) {
    screens.push_back(std::make_unique<PlainScreen>(all, kSubmitters + i, &screen));
  }
  const auto go_on = [&] {
    return acknowledged.WaitFor(acknowledged.count() + kAcknowledgedBetweenRestarts);
  };
  ASSERT_TRUE(go_on());
  for (int round = 0; round < Rounds(2); ++round) {
    for (const auto& replica : replicas) {
      EXPECT_EQ(replica->Terminate(), 0) << replica->log_path();
      ASSERT_TRUE(go_on()) << "while a replica was away";
      ASSERT_TRUE(replica->Start()) << replica->log_path();
      ASSERT_TRUE(go_on()) << "after a replica came back";
    }
  }
  for (const auto& submitter : submitters) submitter->Stop();
  for (const auto& one : screens) one->Stop();
  std::printf("plain: %lld calls, %zu failed; library: %lld calls, %zu failed\n",
              static_cast<long long>(plain.calls()), plain.failures().size(),
              static_cast<long long>(library.calls()), library.failures().size());
  EXPECT_THAT(plain.failures(), ::testing::IsEmpty());
  std::printf("screens: %lld calls, %zu failed\n", static_cast<long long>(screen.calls()),
              screen.failures().size());
  EXPECT_THAT(library.failures(), ::testing::IsEmpty());
  EXPECT_GT(screen.calls(), 0);
  EXPECT_THAT(screen.failures(), ::testing::IsEmpty());

  const std::string last = SubmitOne(all, "last");
  ASSERT_FALSE(last.empty());
  Evidence evidence;
  OutageReport plain_monitors;
  for (int i = 0; i < kMonitors; ++i) {
    EXPECT_TRUE(monitors[static_cast<size_t>(i)]->WaitForClue(last))
        << monitors[static_cast<size_t>(i)]->error();
    monitors[static_cast<size_t>(i)]->Stop();
    evidence.monitors.push_back(ReadTold(path("monitor", i)));
    plain_monitors.Add(monitors[static_cast<size_t>(i)]->outages());
  }
  EXPECT_LT(plain_monitors.Print("plain monitors"), kLongestOutage);
  OutageReport of_library;
  for (const auto& monitor : library_monitors) {
    monitor->Stop();
    EXPECT_TRUE(monitor->end().ok()) << monitor->end();
    of_library.Add(monitor->outages());
  }
  EXPECT_LT(of_library.Print("library monitors"), kLongestOutage);
  Monitor fresh(all, Monitor::From::kEarliest, path("fresh", 0), &told);
  EXPECT_TRUE(fresh.WaitForClue(last)) << fresh.error();
  fresh.Stop();
  evidence.history = ReadTold(path("fresh", 0));
  EXPECT_TRUE(alone.WaitForClue(last));
  EXPECT_TRUE(WaitForAll(pair, evidence.history));
  OutageReport of_consumers;
  for (LibraryConsumer* const consumer : {&alone, pair[0].get(), pair[1].get()}) {
    consumer->Stop();
    EXPECT_TRUE(consumer->end().ok()) << consumer->end();
    of_consumers.Add(consumer->outages());
  }
  EXPECT_LT(of_consumers.Print("library consumers"), kLongestOutage);
  std::printf("the pair shared %zu and %zu of %zu\n", pair[0]->count(), pair[1]->count(),
              evidence.history.size());
  evidence.monitors.push_back(alone.told());
  evidence.shares.push_back(ToldTogether(pair));
  for (int i = 0; i < kSubmitters; ++i) {
    for (const char* kind : {"plain", "library"}) {
      for (std::string& id : ReadLines(path(kind, i))) {
        evidence.acknowledged.push_back(std::move(id));
      }
    }
  }
  EXPECT_THAT(Judge(evidence), ::testing::IsEmpty());
}

}  // namespace
}  // namespace supervision::faults
