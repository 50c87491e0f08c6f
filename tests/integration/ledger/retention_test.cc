// Trimming: by age, by bytes, with a gap that is told, by the holder of the lease alone.
#include "services/ledger/keys.h"
#include "services/ledger/scripts.h"
#include "tests/integration/ledger/ledger_fixture.h"
#include "tests/support/redis_calls.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using ::testing::ElementsAre;
using testing::ExampleSubmission;
using testing::FactOf;
using testing::FailsWith;
using testing::OptionsFor;
using ::testing::SizeIs;
using testing::TestLedger;

class RetentionTest : public ::testing::Test {
 protected:
  Ledger::Options Options() {
    Ledger::Options options = OptionsFor(server_);
    options.log_age = absl::Hours(24);
    options.retention_interval = absl::Milliseconds(50);
    return options;
  }
  void Commit(TestLedger& ledger, int count) {
    std::vector<std::future<absl::StatusOr<Receipt>>> answers;
    for (int i = 0; i < count; ++i) {
      answers.push_back(ledger.SubmitLater(ExampleSubmission(std::to_string(++made_))));
    }
    for (auto& answer : answers) ASSERT_TRUE(answer.get().ok());
  }
  static bool WaitEarliest(TestLedger& ledger, int64_t position) {
    return testing::Eventually([&] { return ledger->state().partitions[0].earliest == position; });
  }

  testing::RedisServer server_;
  base::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  int made_ = 0;
};

TEST_F(RetentionTest, WhatIsTooOldGoesAndTheGapIsTold) {
  TestLedger ledger(Options(), &clock_);
  ASSERT_TRUE(ledger.WaitReady());
  Commit(ledger, 30);
  clock_.Advance(absl::Hours(20));
  Commit(ledger, 10);
  const std::string old_cursor = ledger->EncodeCursor(Place{{1}, {12}});
  const std::string young_cursor = ledger->EncodeCursor(Place{{1}, {35}});
  clock_.Advance(absl::Hours(5));
  ASSERT_TRUE(WaitEarliest(ledger, 31));

  const auto trimmed = ledger.Resolve(old_cursor);
  ASSERT_THAT(trimmed, FailsWith(Reason::kCursorTrimmed));
  EXPECT_THAT(ledger.Resolve(FactOf(trimmed, "earliest_cursor"))->positions, ElementsAre(30));
  EXPECT_TRUE(ledger.Resolve(young_cursor).ok());
  EXPECT_THAT(ledger.Earliest()->positions, ElementsAre(30));
  const auto page = ledger.ReadLog(0, 1, 12);
  ASSERT_THAT(page, FailsWith(Reason::kCursorTrimmed));
  EXPECT_EQ(FactOf(page, "earliest_position"), "31");
  EXPECT_THAT(ledger.ReadLog(0, 1, 30)->entries, SizeIs(10));
  EXPECT_GE(ledger->state().partitions[0].trims, 1);
  EXPECT_TRUE(ledger.Find({"hotline", "rec-1", ""}).ok()) << "state is kept longer than the log";
}

TEST_F(RetentionTest, WhenEverythingIsTooOldTheLogIsEmptyAndPositionsGoOn) {
  TestLedger ledger(Options(), &clock_);
  ASSERT_TRUE(ledger.WaitReady());
  Commit(ledger, 5);
  clock_.Advance(absl::Hours(25));
  ASSERT_TRUE(WaitEarliest(ledger, 6));
  EXPECT_EQ(ledger->state().partitions[0].log_bytes, 0);
  EXPECT_THAT(ledger.Earliest()->positions, ElementsAre(5));
  EXPECT_EQ(ledger.Earliest()->positions, ledger.Latest()->positions);
  Commit(ledger, 1);
  EXPECT_THAT(ledger.ReadLog(0, 1, 5)->entries, SizeIs(1));
}

TEST_F(RetentionTest, MoreThanOnePieceIsTrimmedByBytes) {
  Ledger::Options options = Options();
  options.log_bytes = 20'000;
  TestLedger ledger(options, &clock_);
  ASSERT_TRUE(ledger.WaitReady());
  Commit(ledger, 1'500);
  ASSERT_TRUE(testing::Eventually([&] {
    const PartitionState state = ledger->state().partitions[0];
    return state.earliest > 1'000 && state.log_bytes <= 20'000;
  }));
  const PartitionState state = ledger->state().partitions[0];
  EXPECT_EQ(state.end, 1'500);
  const auto page = ledger.ReadLog(0, 1, state.earliest - 1);
  ASSERT_TRUE(page.ok()) << page.status();
  int64_t bytes = 0;
  for (const LogEntryPtr& entry : page->entries) bytes += static_cast<int64_t>(entry->bytes);
  EXPECT_EQ(bytes, state.log_bytes) << "the figure is what is really there";
  EXPECT_GE(state.trims, 3) << "500 entries a piece";
}

TEST_F(RetentionTest, OnlyTheHolderOfTheLeaseTrims) {
  redis::Loop loop;
  redis::Client::Options client_options;
  client_options.address.unix_path = server_.path();
  client_options.scripts = AllScripts();
  redis::Client client(&loop, client_options);
  const Keys keys("", 1);
  const auto lease = [&](const std::string& holder, const std::string& milliseconds) {
    return testing::Show(
        testing::RunScript(client, LeaseScript(), {keys.Lease(0)}, {holder, milliseconds}));
  };
  const auto trim = [&](const std::string& fence) {
    return testing::Show(testing::RunScript(client, TrimScript(),
                                            {keys.Lease(0), keys.Meta(0), keys.Log(0)},
                                            {fence, "4", "1000000", "10", "500", "0"}));
  };
  for (int i = 1; i <= 10; ++i) {
    server_.Call({"XADD", keys.Log(0), std::to_string(i) + "-0", "e", "event"});
  }
  server_.Call({"HSET", keys.Meta(0), "n", "10", "b", "50"});
  EXPECT_EQ(lease("a", "1"), "1");
  ASSERT_TRUE(testing::Eventually([&] { return lease("b", "60000") == "2"; }))
      << "a lease that has run out goes to the next, with a higher fence";
  EXPECT_EQ(lease("a", "60000"), "0");
  EXPECT_EQ(lease("b", "60000"), "2") << "renewing keeps the fence";
  EXPECT_EQ(trim("1"), "[-1 1 50]") << "a holder that was paused can do nothing any more";
  EXPECT_EQ(trim("2"), "[3 4 35]");
  EXPECT_EQ(trim("2"), "[0 4 35]");
  EXPECT_EQ(testing::Show(testing::Call(client, {"HGET", keys.Meta(0), "gl"})), "1:3:0");
}

TEST_F(RetentionTest, WithTwoReplicasOneOfThemTrims) {
  TestLedger first(Options(), &clock_);
  TestLedger second(Options(), &clock_);
  ASSERT_TRUE(first.WaitReady() && second.WaitReady());
  Commit(first, 5);
  clock_.Advance(absl::Hours(25));
  ASSERT_TRUE(testing::Eventually([&] { return first.Earliest()->positions[0] == 5; }));
  EXPECT_EQ(server_.Call({"HGET", "sv:{0}:lease", "fence"}), "$1\r\n1\r\n");
}

}  // namespace
}  // namespace supervision::ledger
