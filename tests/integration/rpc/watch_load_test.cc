// Many monitors, a monitor that does not read, and the races of cancel, write and finish.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/eventually.h"
#include "tests/support/heap.h"

namespace supervision::testing {
namespace {

// Bytes of this process that are in memory.
size_t ResidentBytes() {
  size_t total = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * 4096;
}

// Of a stream: longer than any test lasts.
constexpr std::chrono::minutes kLifetime{60};

// One stream whose messages are read by gRPC's threads: a thousand need no thousand threads.
class LightMonitor final : public grpc::ClientReadReactor<v1::WatchAlertsResponse> {
 public:
  LightMonitor(AlertStub* stub, const v1::WatchAlertsRequest& request)
      : context_(Context(kMonitorToken, kLifetime)), request_(request) {
    stub->async()->WatchAlerts(context_.get(), &request_, this);
    StartRead(&message_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    started = true;
    told.fetch_add(message_.updates_size());
    StartRead(&message_);
  }
  void OnDone(const grpc::Status& status) override {
    code = static_cast<int>(status.error_code());
    done = true;
  }
  void Cancel() { context_->TryCancel(); }

  std::atomic<bool> started{false};
  std::atomic<int> told{0};
  std::atomic<int> code{-1};
  std::atomic<bool> done{false};

 private:
  std::unique_ptr<grpc::ClientContext> context_;
  v1::WatchAlertsRequest request_;
  v1::WatchAlertsResponse message_;
};

TEST(WatchLoadTest, AThousandMonitorsHearOfEveryAlert) {
  TestServer server;
  const auto clues = v1::ClueService::NewStub(server.channel());
  constexpr int kMonitors = kSanitized ? 200 : 1000;
  constexpr int kAlerts = 100;
  std::vector<std::unique_ptr<AlertStub>> stubs;
  for (int i = 0; i < 10; ++i) stubs.push_back(v1::AlertService::NewStub(server.NewChannel()));
  std::vector<std::unique_ptr<LightMonitor>> monitors;
  for (int i = 0; i < kMonitors; ++i) {
    monitors.push_back(
        std::make_unique<LightMonitor>(stubs[static_cast<size_t>(i) % 10].get(), FromLatest()));
  }
  const auto all = [&](auto condition) {
    return Eventually(
        [&] {
          for (const auto& monitor : monitors) {
            if (!condition(*monitor)) return false;
          }
          return true;
        },
        std::chrono::seconds(120));
  };
  ASSERT_TRUE(all([](const LightMonitor& monitor) { return monitor.started.load(); }));
  ASSERT_TRUE(SubmitMany(*clues, 0, kAlerts));
  EXPECT_TRUE(all([](const LightMonitor& monitor) { return monitor.told == kAlerts; }));
  for (const auto& monitor : monitors) monitor->Cancel();
  EXPECT_TRUE(all([](const LightMonitor& monitor) { return monitor.done.load(); }));
  EXPECT_TRUE(Eventually(
      [&] { return server.Metric("supervision_rpc_open{method=\"WatchAlerts\"}") == 0; }));
}

TEST(WatchLoadTest, AMonitorThatStopsReadingHarmsNobodyAndCatchesUp) {
  // SUPERVISION_TEST_ALERTS asks for another number of them.
  // Written down beforehand: what they may add to this process. The tail ring holds 2,048
  // of them; a stream has one message on its way, of at most 256, on either side.
  constexpr size_t kBound = size_t{192} << 20;
  constexpr int kReaders = kSanitized ? 9 : 99;
  const char* const asked = std::getenv("SUPERVISION_TEST_ALERTS");
  const int alerts = asked != nullptr ? std::atoi(asked) : kSanitized ? 5'000 : 200'000;
  constexpr int kFirst = 2'000;  // what is allocated once
  TestServer server({.flags = {"--alerting.tail_entries=2048", "--ledger.max_queued=100000"}});
  const auto clues = v1::ClueService::NewStub(server.channel());
  // What gRPC and the kernel keep for it is small and stays so: else five thousand alerts are all
  // on their way before anybody notices that it reads none.
  grpc::ChannelArguments narrow;
  narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
  Watcher stalled(server.NewChannel(narrow), FromEarliest(), kMonitorToken, kLifetime);
  ASSERT_TRUE(stalled.NextMessage().has_value());  // and now it reads no more
  std::vector<std::unique_ptr<AlertStub>> stubs;
  for (int i = 0; i < 10; ++i) stubs.push_back(v1::AlertService::NewStub(server.NewChannel()));
  std::vector<std::unique_ptr<LightMonitor>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(
        std::make_unique<LightMonitor>(stubs[static_cast<size_t>(i) % 10].get(), FromEarliest()));
  }
  const auto all_told = [&](int expected) {
    return Eventually(
        [&] {
          return std::all_of(readers.begin(), readers.end(),
                             [&](const auto& reader) { return reader->told == expected; });
        },
        std::chrono::seconds(120 + alerts / 200));
  };
  ASSERT_TRUE(SubmitMany(*clues, 0, kFirst));
  ASSERT_TRUE(all_told(kFirst));
  const size_t before = ResidentBytes();

  ASSERT_TRUE(SubmitMany(*clues, kFirst, alerts - kFirst));

  EXPECT_TRUE(all_told(alerts));
  const size_t after = ResidentBytes();
  const size_t grown = after - std::min(before, after);
  std::printf("resident memory grew by %zu MiB\n", grown >> 20);
  if (!kSanitized) {
    EXPECT_LT(grown, kBound);
  }
  for (const auto& reader : readers) reader->Cancel();

  std::set<std::string> seen;
  std::vector<v1::StreamNotice> notices;
  int told = 0;
  while (told < alerts || notices.empty() || notices.back() != v1::STREAM_NOTICE_RESUMED) {
    const auto message = stalled.NextMessage();
    ASSERT_TRUE(message.has_value()) << told;
    if (message->notice() != v1::STREAM_NOTICE_UNSPECIFIED) notices.push_back(message->notice());
    // A bookmark behind the last alert: a notice that is missing by then does not come.
    const bool bare = message->updates().empty() && message->notice() == 0;
    if (bare && told == alerts) break;
    for (const v1::AlertUpdate& update : message->updates()) {
      ++told;
      seen.insert(update.alert().clue_id());
    }
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(alerts)) << "told twice";
  EXPECT_THAT(notices,
              ::testing::ElementsAre(v1::STREAM_NOTICE_THROTTLED, v1::STREAM_NOTICE_RESUMED));
  for (const auto& reader : readers) {
    EXPECT_TRUE(Eventually([&] { return reader->done.load(); }));
  }
}

TEST(WatchLoadTest, ADrainIsBoundedThoughAMonitorDoesNotRead) {
  TestServer server;
  const auto clues = v1::ClueService::NewStub(server.channel());
  Watcher stalled(server.NewChannel(), FromEarliest());
  ASSERT_TRUE(stalled.NextMessage().has_value());
  ASSERT_TRUE(SubmitMany(*clues, 0, kSanitized ? 4'000 : 20'000));
  EXPECT_TRUE(Eventually(
      [&] { return server.Metric("supervision_rpc_open{method=\"WatchAlerts\"}") == 1; }));
  server.Stop();  // returns: that is the test
  stalled.Finish();
}

// Streams that are opened, written to, cancelled and drained at random moments; under the address
// sanitizer this finds a reactor that is used after its end, or ended twice.
TEST(WatchLoadTest, CancelWriteAndFinishMayComeInAnyOrder) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %u\n", seed);
  TestServer server;
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    const auto clues = v1::ClueService::NewStub(server.channel());
    for (int i = 0; !stop; i += 20) SubmitMany(*clues, i, 20);
  });
  std::vector<std::thread> monitors;
  std::atomic<int> opened{0};
  for (unsigned m = 0; m < 8; ++m) {
    monitors.emplace_back([&, m] {
      std::mt19937 random(seed + m);
      const auto stub = v1::AlertService::NewStub(server.NewChannel());
      for (int round = 0; round < 60; ++round) {
        v1::WatchAlertsRequest request = round % 3 == 0 ? FromEarliest() : FromLatest();
        if (round % 7 == 0) request = FromCursor("damaged");
        const auto context = Context(kMonitorToken);
        const auto reader = stub->WatchAlerts(context.get(), request);
        v1::WatchAlertsResponse message;
        for (unsigned reads = random() % 4; reads > 0 && reader->Read(&message); --reads) {
        }
        context->TryCancel();
        while (reader->Read(&message)) {
        }
        reader->Finish();
        opened.fetch_add(1);
      }
    });
  }
  for (std::thread& monitor : monitors) monitor.join();
  EXPECT_EQ(opened.load(), 8 * 60);
  // And once more with the drain in the middle of it.
  std::vector<std::unique_ptr<LightMonitor>> light;
  const auto stub = v1::AlertService::NewStub(server.NewChannel());
  for (int i = 0; i < 100; ++i) {
    light.push_back(std::make_unique<LightMonitor>(stub.get(), FromEarliest()));
  }
  std::thread canceller([&] {
    for (size_t i = 0; i < light.size(); i += 2) light[i]->Cancel();
  });
  server.Stop();
  stop = true;
  publisher.join();
  canceller.join();
  for (const auto& monitor : light) {
    EXPECT_TRUE(Eventually([&] { return monitor->done.load(); }));
  }
}

}  // namespace
}  // namespace supervision::testing
