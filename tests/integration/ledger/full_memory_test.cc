// A Redis that takes no change: what it has is read and told all the same, and room is made.
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using testing::Eventually;
using testing::ExampleSubmission;
using testing::FailsWith;
using testing::OptionsFor;
using testing::RecordingObserver;
using testing::TestLedger;

class FullMemoryTest : public ::testing::Test {
 protected:
  // Memory is full from now on, or no longer.
  void Fill() { server_.Call({"CONFIG", "SET", "maxmemory", "1"}); }
  void Free() { server_.Call({"CONFIG", "SET", "maxmemory", "0"}); }

  testing::RedisServer server_;
};

TEST_F(FullMemoryTest, AServiceThatStartsReadsAndTellsWhatIsThere) {
  absl::StatusOr<Receipt> receipt = absl::UnknownError("never tried");
  {
    TestLedger ledger(OptionsFor(server_));
    ASSERT_TRUE(ledger.WaitReady());
    receipt = ledger.Submit(ExampleSubmission("1"));
    ASSERT_TRUE(receipt.ok()) << receipt.status();
  }
  Fill();
  TestLedger ledger(OptionsFor(server_));
  ASSERT_TRUE(ledger.WaitReady());
  EXPECT_TRUE(ledger.Get(receipt->clue_id).ok());
  EXPECT_TRUE(ledger.ReadLog(0, 1, 0).ok());
  RecordingObserver observer;
  ledger->Follow(&observer);
  EXPECT_THAT(ledger.Submit(ExampleSubmission("2")), FailsWith(Reason::kLedgerFull));
  Free();
  ASSERT_TRUE(ledger.Submit(ExampleSubmission("2")).ok());
  EXPECT_TRUE(observer.WaitFor(1));
  ledger->Follow(nullptr);
}

TEST_F(FullMemoryTest, AServiceThatStartsReadsWhereRedisWantsMoreReplicasForAChange) {
  absl::StatusOr<Receipt> receipt = absl::UnknownError("never tried");
  {
    TestLedger ledger(OptionsFor(server_));
    ASSERT_TRUE(ledger.WaitReady());
    receipt = ledger.Submit(ExampleSubmission("1"));
    ASSERT_TRUE(receipt.ok()) << receipt.status();
  }
  server_.Call({"CONFIG", "SET", "min-replicas-to-write", "1"});
  TestLedger ledger(OptionsFor(server_));
  ASSERT_TRUE(ledger.WaitReady());
  EXPECT_TRUE(ledger.Get(receipt->clue_id).ok());
  EXPECT_THAT(ledger.Submit(ExampleSubmission("2")), FailsWith(Reason::kLedgerUnavailable));
}

TEST_F(FullMemoryTest, WhatMakesRoomRuns) {
  base::FakeClock clock(absl::FromUnixSeconds(1'790'000'000));
  Ledger::Options options = OptionsFor(server_);
  options.log_age = absl::Hours(24);
  options.retention_interval = absl::Milliseconds(50);
  TestLedger ledger(options, &clock);
  ASSERT_TRUE(ledger.WaitReady());
  ASSERT_TRUE(ledger.Submit(ExampleSubmission("1")).ok());
  Fill();
  clock.Advance(absl::Hours(25));
  EXPECT_TRUE(Eventually([&] { return ledger->state().partitions[0].earliest == 2; }));
}

}  // namespace
}  // namespace supervision::ledger
