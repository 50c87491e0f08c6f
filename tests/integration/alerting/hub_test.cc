// The hub on a real ledger and a real redis-server.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <thread>

#include "services/alerting/hub.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/unit/alerting/test_stream.h"

namespace supervision::alerting {
namespace {

using testing::Await;
using testing::Eventually;
using testing::ExampleSubmission;

class HubOnLedgerTest : public ::testing::Test {
 protected:
  ~HubOnLedgerTest() override { StopService(); }

  void StartService(int partitions = 1) {
    ledger::Ledger::Options ledger_options = testing::OptionsFor(server_);
    ledger_options.partitions = partitions;
    ledger_options.log_bytes = log_bytes_;
    ledger_options.retention_interval = quiet_ ? absl::Hours(1) : absl::Milliseconds(50);
    loop_ = std::make_unique<redis::Loop>();
    ledger_ =
        std::make_unique<ledger::Ledger>(loop_.get(), base::Clock::System(),
                                         observability::Logger::Null(), &registry_, ledger_options);
    ASSERT_TRUE(Eventually([&] { return ledger_->state().ready; }));
    Hub::Options options;
    options.tail_entries = 64;
    options.max_alerts_per_message = 16;
    options.bookmark_interval = quiet_ ? absl::Hours(1) : absl::Milliseconds(200);
    hub_ = std::make_unique<Hub>(ledger_.get(), loop_.get(), &encoder_,
                                 observability::Logger::Null(), &registry_, options);
  }

  void StopService() {
    hub_.reset();
    ledger_.reset();
    loop_.reset();
  }

  // Submits until it is accepted: an unknown outcome may be repeated.
  ledger::Receipt Submit(const std::string& key) {
    absl::StatusOr<ledger::Receipt> receipt = absl::UnknownError("not asked yet");
    EXPECT_TRUE(Eventually([&] {
      receipt = Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
        ledger_->Submit(ExampleSubmission(key), absl::Seconds(1), std::move(done));
      });
      return receipt.ok();
    })) << receipt.status();
    return receipt.ok() ? *receipt : ledger::Receipt();
  }

  // Submits keys prefix + from … prefix + to; adds what streams are to be told of it.
  void SubmitMany(const std::string& prefix, int from, int to) {
    for (int i = from; i <= to; ++i) {
      accepted_.push_back(Submit(prefix + std::to_string(i)).alert_id + " 1 full");
    }
  }

  // What Redis has been asked for the sake of cursors and pages of the log: calls so far.
  int64_t Questions() const {
    const std::string stats = server_.Call({"INFO", "commandstats"});
    int64_t calls = 0;
    for (const std::string command : {"hmget", "xrange", "xrevrange"}) {
      const size_t at = stats.find("cmdstat_" + command + ":calls=");
      if (at != std::string::npos) calls += std::atoll(stats.c_str() + stats.find('=', at) + 1);
    }
    return calls;
  }

  bool WaitForAll(const TestStream& stream) const {
    return Eventually([&] { return stream.told() >= accepted_.size(); });
  }

  testing::RedisServer server_;
  int64_t log_bytes_ = int64_t{1} << 30;
  bool quiet_ = false;  // nothing asks Redis by the clock
  TestEncoder encoder_;
  prometheus::Registry registry_;
  std::unique_ptr<redis::Loop> loop_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<Hub> hub_;
  std::vector<std::string> accepted_;
};

TEST_F(HubOnLedgerTest, StreamsAreToldWhatIsAcceptedLiveAndFromTheLog) {
  StartService();
  TestStream live(TestStream::Eager), slow, replay(TestStream::Eager);
  live.Open(hub_.get(), Latest());
  slow.Open(hub_.get(), Latest());
  ASSERT_TRUE(Eventually([&] { return !live.cursor().empty() && slow.outstanding(); }));
  SubmitMany("a", 1, 150);
  replay.Open(hub_.get(), Earliest());
  SubmitMany("a", 151, 160);
  EXPECT_TRUE(WaitForAll(live));
  EXPECT_TRUE(WaitForAll(replay));
  EXPECT_EQ(live.updates(), accepted_);
  EXPECT_EQ(replay.updates(), accepted_);
  while (slow.told() < accepted_.size()) {
    ASSERT_TRUE(Eventually([&] { return slow.outstanding(); }));
    slow.Take();
  }
  EXPECT_EQ(slow.updates(), accepted_);
}

TEST_F(HubOnLedgerTest, EveryCursorResumesAcrossARestartOfTheService) {
  StartService(3);
  std::vector<TestStream::Message> messages;
  {
    TestStream stream(TestStream::Eager);
    stream.Open(hub_.get(), Earliest());
    SubmitMany("a", 1, 60);
    ASSERT_TRUE(WaitForAll(stream));
    messages = stream.messages();
  }
  StopService();
  StartService(3);
  std::vector<std::string> told;
  for (const TestStream::Message& message : messages) {
    told.insert(told.end(), message.updates.begin(), message.updates.end());
    TestStream resumed(TestStream::Eager);
    resumed.Open(hub_.get(), Behind(message.cursor));
    ASSERT_TRUE(Eventually([&] { return resumed.told() + told.size() >= accepted_.size(); }));
    std::vector<std::string> all = told;
    const std::vector<std::string> rest = resumed.updates();
    all.insert(all.end(), rest.begin(), rest.end());
    EXPECT_THAT(all, ::testing::UnorderedElementsAreArray(accepted_));
  }
}

TEST_F(HubOnLedgerTest, MonitorsThatComeBackTogetherAskRedisNothing) {
  quiet_ = true;
  StartService(8);
  TestStream live(TestStream::Eager);
  live.Open(hub_.get(), Latest());
  ASSERT_TRUE(Eventually([&] { return !live.cursor().empty(); }));
  SubmitMany("a", 1, 40);  // less than the tail holds
  ASSERT_TRUE(WaitForAll(live));
  const std::vector<TestStream::Message> messages = live.messages();
  std::vector<std::vector<std::string>> behind(
      messages.size());  // what each cursor has yet to tell
  for (size_t i = messages.size() - 1; i > 0; --i) {
    behind[i - 1] = behind[i];
    behind[i - 1].insert(behind[i - 1].end(), messages[i].updates.begin(),
                         messages[i].updates.end());
  }
  constexpr size_t kMonitors = 200;
  const int64_t before = Questions();
  std::vector<std::unique_ptr<TestStream>> monitors;
  for (size_t i = 0; i < kMonitors; ++i) {
    monitors.push_back(std::make_unique<TestStream>(TestStream::Eager));
    monitors.back()->Open(hub_.get(), Behind(messages[i % messages.size()].cursor));
    // One by one, so that none shares the question of another.
    ASSERT_TRUE(Eventually([&] { return !monitors.back()->cursor().empty(); }));
  }
  for (size_t i = 0; i < kMonitors; ++i) {
    const std::vector<std::string>& expected = behind[i % messages.size()];
    ASSERT_TRUE(Eventually([&] { return monitors[i]->told() >= expected.size(); }));
    EXPECT_THAT(monitors[i]->updates(), ::testing::UnorderedElementsAreArray(expected));
  }
  EXPECT_LT(Questions() - before, static_cast<int64_t>(kMonitors) / 4)
      << "each would ask for eight partitions";
}

TEST_F(HubOnLedgerTest, MonitorsThatARestartCutsOffShareOneQuestion) {
  quiet_ = true;
  StartService(8);
  std::string cursor;
  {
    TestStream stream(TestStream::Eager);
    stream.Open(hub_.get(), Earliest());
    SubmitMany("a", 1, 40);
    ASSERT_TRUE(WaitForAll(stream));
    cursor = stream.cursor();
  }
  StopService();
  StartService(8);
  ASSERT_TRUE(Eventually([&] {  // where the tail begins
    const std::vector<int64_t> told = hub_->told_positions();
    return std::accumulate(told.begin(), told.end(), int64_t{0}) == 40;
  }));
  constexpr size_t kMonitors = 200;
  std::vector<std::unique_ptr<TestStream>> monitors;
  const int64_t before = Questions();
  for (size_t i = 0; i < kMonitors; ++i) {
    monitors.push_back(std::make_unique<TestStream>(TestStream::Eager));
    monitors.back()->Open(hub_.get(), Behind(cursor));
    // Redis tells the first one, and the others need not ask.
    ASSERT_TRUE(Eventually([&] { return !monitors.back()->cursor().empty(); }));
  }
  for (const auto& monitor : monitors) {
    EXPECT_TRUE(Eventually([&] { return monitor->cursor() == cursor; }));
  }
  EXPECT_LT(Questions() - before, static_cast<int64_t>(kMonitors) / 4);
}

TEST_F(HubOnLedgerTest, StreamsOutlastRedisBeingKilled) {
  StartService();
  TestStream live(TestStream::Eager), slow;
  live.Open(hub_.get(), Earliest());
  slow.Open(hub_.get(), Earliest());
  std::atomic<bool> enough = false;
  std::thread submitter([&] {
    for (int i = 1; !enough; ++i) SubmitMany("k", i, i);
  });
  // On this thread, since a server ends with the thread that started it.
  for (int kill = 0; kill < 4; ++kill) {
    const size_t told = live.told();
    EXPECT_TRUE(Eventually([&] { return live.told() >= told + 50; }));
    server_.Restart();
  }
  enough = true;
  submitter.join();
  while (slow.told() < accepted_.size()) {
    ASSERT_TRUE(Eventually([&] { return slow.outstanding(); }));
    slow.Take();
  }
  EXPECT_TRUE(WaitForAll(live));
  EXPECT_EQ(live.updates(), accepted_);
  EXPECT_EQ(slow.updates(), accepted_);
}

TEST_F(HubOnLedgerTest, TrimmedHistoryIsSaidWithTheEarliestCursorThatIsLeft) {
  log_bytes_ = 20'000;
  StartService();
  TestStream slow;
  slow.Open(hub_.get(), Latest());
  SubmitMany("a", 1, 300);
  ASSERT_TRUE(Eventually([&] { return ledger_->state().partitions[0].earliest > 20; }));
  ASSERT_TRUE(Eventually([&] {
    slow.Take();  // bookmarks come all the while
    return slow.finished().has_value();
  }));
  ASSERT_TRUE(domain::HasReason(*slow.finished(), domain::Reason::kCursorTrimmed))
      << *slow.finished();
  // Trimming goes on, so the place may be gone again; then the next answer names the next one.
  absl::Status answer = *slow.finished();
  std::unique_ptr<TestStream> rest;
  ASSERT_TRUE(Eventually([&] {
    if (rest != nullptr && rest->finished().has_value()) answer = *rest->finished();
    if (rest == nullptr || rest->finished().has_value()) {
      rest = std::make_unique<TestStream>(TestStream::Eager);
      rest->Open(hub_.get(),
                 Behind(testing::FactOf(absl::StatusOr<int>(answer), "earliest_cursor")));
    }
    return rest->told() > 0 && rest->updates().back() == accepted_.back();
  })) << answer;
  const std::vector<std::string> told = rest->updates();
  EXPECT_TRUE(std::equal(told.rbegin(), told.rend(), accepted_.rbegin()));
}

TEST_F(HubOnLedgerTest, LostHistoryIsSaidToWhoSawItAndGoesUnnoticedOtherwise) {
  StartService();
  TestStream seen(TestStream::Eager), slow;
  seen.Open(hub_.get(), Earliest());
  slow.Open(hub_.get(), Earliest());
  SubmitMany("a", 1, 20);
  // Redis comes back with what it had twenty clues ago.
  server_.Shutdown();
  const testing::TempDir backup;
  const std::string data = server_.directory() + "/appendonlydir";
  // By another process: ThreadSanitizer takes a directory read here for the loop's socket that had
  // the same descriptor before.
  ASSERT_EQ(std::system(("cp -a " + data + " " + backup.path() + "/aof").c_str()), 0);
  server_.Start();
  for (int i = 21; i <= 40; ++i) Submit("a" + std::to_string(i));
  ASSERT_TRUE(Eventually([&] { return seen.told() == 40; }));
  server_.Kill9();
  ASSERT_EQ(std::system(("rm -r " + data + " && cp -a " + backup.path() + "/aof " + data).c_str()),
            0);
  server_.Start();
  ASSERT_TRUE(Eventually([&] { return seen.finished().has_value(); }));
  EXPECT_TRUE(domain::HasReason(*seen.finished(), domain::Reason::kHistoryLost))
      << *seen.finished();
  SubmitMany("n", 1, 5);
  while (slow.told() < accepted_.size()) {
    ASSERT_TRUE(Eventually([&] { return slow.outstanding(); }));
    slow.Take();
  }
  EXPECT_EQ(slow.updates(), accepted_);
}

}  // namespace
}  // namespace supervision::alerting
