// What consumers of a shared subscription cannot deal with, and history that goes before they
// could.
#include "tests/unit/alerting/shares_fixture.h"

namespace supervision::alerting {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

TEST_F(SharesTest, AttemptsUsedUpMakeADeadLetterWithTheLastReason) {
  Connect(&a_, 0);
  PublishMany(2, 2);
  for (uint64_t attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_THAT(a_.delivered(), SizeIs(attempt));
    a_->Reject({attempt}, "no " + std::to_string(attempt), absl::ZeroDuration());
    Pass(absl::Seconds(11));
  }
  EXPECT_THAT(a_.delivered(), SizeIs(3));
  ASSERT_THAT(ledger_.book.letters(), SizeIs(1));
  EXPECT_EQ(ledger_.book.letters()[0].alert_id, "a2");
  EXPECT_EQ(ledger_.book.letters()[0].reason, "no 3");
  EXPECT_EQ(ledger_.book.place().positions, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(Metric(At(0).registry, "supervision_shared_dead_letters_total"), 1);
}

TEST_F(SharesTest, AReplayedLetterIsHandedOverWhereverTheReplicasHaveRead) {
  ledger_.rules.max_attempts = 1;
  Connect(&a_, 0);
  PublishMany(1, 2);
  a_->Reject({1, 2}, "no", absl::ZeroDuration());
  Pass(absl::Minutes(1));
  ASSERT_THAT(ledger_.book.letters(), SizeIs(2));
  PublishMany(3, 40);
  a_.AckAll();
  Pass(absl::Seconds(10));
  a_.AckAll();
  Connect(&b_, 1);
  ledger_.book.Act(ledger::LetterAction::kReplay, 50, ledger_.book.letters(), scheduler_.Now());
  Pass(absl::Seconds(15));
  std::vector<std::string> again = Together(a_, b_);
  EXPECT_EQ(std::count(again.begin(), again.end(), "a1"), 2);
  EXPECT_EQ(std::count(again.begin(), again.end(), "a2"), 2);
  a_.AckAll();
  b_.AckAll();
  Pass(absl::Seconds(10));
  EXPECT_EQ(ledger_.book.taken(), 0u);
  EXPECT_THAT(ledger_.book.letters(), IsEmpty());
}

TEST_F(SharesTest, WhatIsOutsideTheScopeNowIsNotHandedOverAgain) {
  ledger_.rules.max_attempts = 1;
  Connect(&a_, 0);
  domain::ChangeEvent event = NewAlert("south");
  event.alert.facets.region_code = "440103";
  log_.Append(0, std::move(event));
  Run();
  a_->Reject({1}, "no", absl::ZeroDuration());
  Pass(absl::Minutes(1));
  ASSERT_THAT(ledger_.book.letters(), SizeIs(1));
  domain::Scope north;
  north.regions = {"33"};
  Connect(&b_, 0, RequestOf(100, north));
  Pass(absl::Seconds(3));
  EXPECT_TRUE(a_.finished().has_value()) << "who came by the older grant has gone";
  EXPECT_TRUE(a_.ending());
  ledger_.book.Act(ledger::LetterAction::kReplay, 50, ledger_.book.letters(), scheduler_.Now());
  Pass(absl::Seconds(20));
  EXPECT_THAT(b_.delivered(), IsEmpty());
  EXPECT_EQ(ledger_.book.taken(), 0u) << "and nobody waits for it";
}

TEST_F(SharesTest, ALetterWhoseHistoryIsGoneComesBackAsOneThatSaysSo) {
  ledger_.rules.max_attempts = 1;
  Connect(&a_, 0);
  PublishMany(1, 2);
  a_->Reject({1}, "no", absl::ZeroDuration());
  Pass(absl::Seconds(2));
  PublishMany(3, 20);
  a_.AckAll();
  Pass(absl::Seconds(10));
  const auto letters = ledger_.book.letters();
  ASSERT_THAT(letters, SizeIs(1));
  log_.Trim(letters[0].entry.first, 5);
  ledger_.book.Act(ledger::LetterAction::kReplay, 50, letters, scheduler_.Now());
  Pass(absl::Seconds(15));
  ASSERT_THAT(ledger_.book.letters(), SizeIs(1));
  EXPECT_EQ(ledger_.book.letters()[0].reason, ledger::kHistoryGone);
  EXPECT_EQ(ledger_.book.taken(), 0u);
}

TEST_F(SharesTest, AGapInTheHistoryIsADeadLetter) {
  PublishMany(1, 40);
  log_.Trim(0, 10);
  Connect(&a_, 0);
  ASSERT_THAT(ledger_.book.letters(), SizeIs(1));
  EXPECT_EQ(ledger_.book.letters()[0].reason, ledger::kHistoryGone);
  EXPECT_EQ(ledger_.book.place().positions[0], 9);
  EXPECT_THAT(a_.delivered(), SizeIs(31));
}

TEST_F(SharesTest, ALostHistorySendsConsumersAwayAndTheyGoOnBehindIt) {
  Connect(&a_, 0);
  PublishMany(1, 20);
  a_.AckAll();
  Pass(absl::Seconds(5));
  log_.LoseHistory(0, 4);
  Pass(absl::Seconds(10));
  EXPECT_TRUE(a_.finished().has_value());
  Connect(&b_, 1);
  PublishMany(21, 24);
  EXPECT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(21, 24)));
  ASSERT_THAT(ledger_.book.letters(), SizeIs(1));
}

}  // namespace
}  // namespace supervision::alerting
