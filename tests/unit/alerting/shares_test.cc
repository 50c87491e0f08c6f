// Consumers of a shared subscription: who gets what, and what becomes of it.
#include "services/alerting/stream_metrics.h"
#include "tests/support/heap.h"
#include "tests/unit/alerting/shares_fixture.h"

namespace supervision::alerting {
namespace {

using domain::Reason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

TEST_F(SharesTest, ConsumersOfOneReplicaGetAShareEach) {
  Connect(&a_, 0);
  Connect(&b_, 0);
  PublishMany(1, 12);
  EXPECT_THAT(Together(a_, b_), UnorderedElementsAreArray(Ids(1, 12)));
  EXPECT_GE(a_.delivered().size(), 4u);
  EXPECT_GE(b_.delivered().size(), 4u);
}

TEST_F(SharesTest, ConsumersOfTwoReplicasGetEachAlertOnce) {
  Connect(&a_, 0, RequestOf(3));
  Connect(&b_, 1, RequestOf(3));
  PublishMany(1, 30);
  for (int i = 0; i < 200 && Together(a_, b_).size() < 30; ++i) {
    a_.AckAll();
    b_.AckAll();
    Pass(absl::Milliseconds(100));
  }
  EXPECT_THAT(Together(a_, b_), UnorderedElementsAreArray(Ids(1, 30)));
  EXPECT_GT(a_.delivered().size(), 5u);
  EXPECT_GT(b_.delivered().size(), 5u);
}

TEST_F(SharesTest, WhatIsAcknowledgedMovesTheCommonPlaceAndLeavesNothingBehind) {
  Connect(&a_, 0);
  Connect(&b_, 1);
  PublishMany(1, 20);
  a_.AckAll();
  b_.AckAll();
  Pass(absl::Seconds(10));
  EXPECT_EQ(ledger_.book.place().positions, (std::vector<int64_t>{10, 10}));
  EXPECT_EQ(ledger_.book.taken(), 0u);
  EXPECT_EQ(ledger_.book.beyond(), 0u);
  EXPECT_THAT(a_.kept(), SizeIs(a_.delivered().size()));
}

TEST_F(SharesTest, ThePlaceStandsBeforeWhatSomebodyHasInHand) {
  Connect(&a_, 0);
  PublishMany(1, 8);
  std::vector<uint64_t> all_but_the_first;
  for (const auto& one : a_.delivered()) {
    if (one.id != "a2") all_but_the_first.push_back(one.number);
  }
  a_.Ack(all_but_the_first);
  Pass(absl::Seconds(10));
  EXPECT_EQ(ledger_.book.place().positions, (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(ledger_.book.taken(), 1u);
}

TEST_F(SharesTest, ThePlaceMovesOverWhatTheFilterDoesNotPass) {
  ledger_.filter.min_risk = domain::Risk::kHigh;
  Connect(&a_, 0);
  PublishMany(1, 20);
  Pass(absl::Seconds(20));
  EXPECT_THAT(a_.delivered(), IsEmpty());
  EXPECT_EQ(ledger_.book.place().positions, (std::vector<int64_t>{10, 10}));
}

// It would have got bookmarks for ever and no alert.
TEST_F(SharesTest, WhoIsRefusedWhileTheShareOpensClosesItToNobodyElse) {
  At(0).keeper->Hold(true);
  Connect(&a_, 0);
  Connect(&b_, 0);
  a_->Fail(domain::MakeError(Reason::kPermissionDenied));
  Run();
  At(0).keeper->Hold(false);
  PublishMany(1, 4);
  ASSERT_TRUE(a_.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*a_.finished(), Reason::kPermissionDenied));
  EXPECT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(1, 4)));
  EXPECT_FALSE(b_.finished().has_value());
}

TEST_F(SharesTest, WhatABrokenStreamHadInHandGoesToAnotherAtOnce) {
  Connect(&a_, 0);
  PublishMany(1, 4);
  Connect(&b_, 1);
  EXPECT_THAT(b_.delivered(), IsEmpty());
  a_->OnCancelled();
  Pass(absl::Seconds(1));
  EXPECT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(1, 4)));
  EXPECT_EQ(b_.delivered()[0].attempts, 2);
  EXPECT_EQ(Metric(At(1).registry, "supervision_shared_redeliveries_total"), 4);
}

TEST_F(SharesTest, WhatAReplicaHadInHandWhenItDiedComesAfterLeaseAndBackOff) {
  Connect(&a_, 0);
  PublishMany(1, 4);
  Connect(&b_, 1);
  Kill(0);
  Pass(absl::Seconds(29));
  EXPECT_THAT(b_.delivered(), IsEmpty()) << "the lease runs";
  Pass(absl::Seconds(7));
  EXPECT_THAT(b_.ids(), UnorderedElementsAreArray(Ids(1, 4)));
}

TEST_F(SharesTest, AnAcknowledgementAfterTheLeaseIsRefusedAndTheAlertIsTheOthers) {
  Connect(&a_, 0);
  PublishMany(2, 2);
  Connect(&b_, 1);
  Pass(absl::Seconds(36));
  // The consumer that was too slow has no window for it; it may come to either of them.
  ASSERT_EQ(Together(a_, b_).size(), 2u);
  a_.Ack({1});
  Run();
  EXPECT_THAT(a_.refused(), ElementsAre(1));
  EXPECT_THAT(a_.kept(), IsEmpty());
  EXPECT_FALSE(a_.finished().has_value()) << "the stream goes on";
  TestSharer& second = b_.delivered().empty() ? a_ : b_;
  second.Ack({second.delivered().back().number});
  Run();
  EXPECT_THAT(second.kept(), SizeIs(1));
  EXPECT_EQ(ledger_.book.taken(), 0u);
}

TEST_F(SharesTest, ALeaseBeginsWhenTheMessageHasBeenWritten) {
  Connect(&a_, 0);
  a_.Stall(true);
  PublishMany(2, 2);
  Pass(absl::Seconds(20));
  a_.Stall(false);
  Run();
  Pass(absl::Seconds(25));
  a_.AckAll();
  Run();
  EXPECT_THAT(a_.kept(), SizeIs(1)) << "45 s after the claim, 25 after the hand-over";
}

TEST_F(SharesTest, AConsumerMayAskForMoreTime) {
  Connect(&a_, 0);
  PublishMany(2, 2);
  for (int i = 0; i < 5; ++i) {
    Pass(absl::Seconds(20));
    a_->Extend({1});
  }
  Pass(absl::Seconds(20));
  a_.AckAll();
  Run();
  EXPECT_THAT(a_.kept(), SizeIs(1));
  EXPECT_THAT(a_.delivered(), SizeIs(1));
}

TEST_F(SharesTest, WhatIsRejectedComesAgainAfterTheBackOff) {
  Connect(&a_, 0);
  PublishMany(2, 2);
  a_->Reject({1}, "busy", absl::ZeroDuration());
  Pass(absl::Seconds(4));
  EXPECT_THAT(a_.delivered(), SizeIs(1));
  Pass(absl::Seconds(2));
  ASSERT_THAT(a_.delivered(), SizeIs(2));
  a_->Reject({2}, "busy", absl::Seconds(40));
  Pass(absl::Seconds(39));
  EXPECT_THAT(a_.delivered(), SizeIs(2)) << "its own delay is the longer";
  Pass(absl::Seconds(2));
  EXPECT_THAT(a_.delivered(), SizeIs(3));
}

TEST_F(SharesTest, AChangeSendsConsumersAwayAndTheNewConditionsHold) {
  Connect(&a_, 0);
  PublishMany(1, 4);
  ledger_.filter.min_risk = domain::Risk::kHigh;
  ++ledger_.book.version;
  Pass(absl::Seconds(3));
  EXPECT_TRUE(a_.ending());
  EXPECT_EQ(*a_.finished(), absl::OkStatus());
  Connect(&b_, 0);
  Pass(absl::Seconds(20));
  EXPECT_THAT(b_.delivered(), IsEmpty());
  EXPECT_EQ(ledger_.book.place().positions, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(ledger_.book.taken(), 0u) << "what was given back does not pass any more";
}

TEST_F(SharesTest, TheWindowHoldsAndAnAnswerMakesRoom) {
  Connect(&a_, 0, RequestOf(3));
  PublishMany(1, 10);
  EXPECT_THAT(a_.delivered(), SizeIs(3));
  a_.Ack({2});
  Run();
  EXPECT_THAT(a_.delivered(), SizeIs(4));
  a_->SetWindow({5, 1 << 20});
  Run();
  EXPECT_THAT(a_.delivered(), SizeIs(6));
}

TEST_F(SharesTest, WhoDoesNotTakeItsMessageGetsNoMore) {
  Connect(&a_, 0);
  a_.Stall(true);
  PublishMany(1, 2);
  Connect(&b_, 0);
  PublishMany(3, 20);
  EXPECT_LE(a_.delivered().size(), 2u);
  EXPECT_THAT(b_.delivered(), SizeIs(20 - a_.delivered().size()));
}

TEST_F(SharesTest, WhoHasSentAllIsToldWhatIsKeptAndEnds) {
  Connect(&a_, 0);
  PublishMany(1, 4);
  a_.Ack({1, 2});
  a_->OnSentAll();
  Run();
  EXPECT_THAT(a_.kept(), UnorderedElementsAre(1, 2));
  EXPECT_TRUE(a_.ending());
  EXPECT_EQ(*a_.finished(), absl::OkStatus());
  Connect(&b_, 1);
  Pass(absl::Seconds(1));
  EXPECT_THAT(b_.delivered(), SizeIs(2)) << "the rest is another's";
}

TEST_F(SharesTest, AnAcknowledgementOfWhatWasNotSentEndsTheStream) {
  Connect(&a_, 0);
  PublishMany(1, 2);
  a_.Ack({3});
  Run();
  EXPECT_TRUE(domain::HasReason(*a_.finished(), Reason::kAckBeyondSent));
}

TEST_F(SharesTest, ACumulativeAcknowledgementIsRefused) {
  Connect(&a_, 0);
  PublishMany(1, 2);
  a_->Acknowledge(2, {});
  Run();
  EXPECT_TRUE(domain::HasReason(*a_.finished(), Reason::kWrongSubscriptionMode));
  EXPECT_EQ(ledger_.book.place().positions, (std::vector<int64_t>{0, 0}));
}

TEST_F(SharesTest, AnExclusiveOneAndOneThatIsNotThereAreRefused) {
  ledger_.shared = false;
  Connect(&a_, 0);
  EXPECT_TRUE(domain::HasReason(*a_.finished(), Reason::kWrongSubscriptionMode));
  ledger_.deleted = true;
  Connect(&b_, 0);
  EXPECT_TRUE(domain::HasReason(*b_.finished(), Reason::kSubscriptionNotFound));
  Pass(absl::Seconds(3));
  EXPECT_EQ(At(0).shares->size(), 0u);
}

TEST_F(SharesTest, ADeletedOneEndsItsConsumers) {
  Connect(&a_, 0);
  PublishMany(1, 2);
  ledger_.deleted = true;
  Pass(absl::Seconds(3));
  EXPECT_TRUE(domain::HasReason(*a_.finished(), Reason::kSubscriptionNotFound));
  EXPECT_EQ(At(0).shares->size(), 0u);
}

TEST_F(SharesTest, AFailedCallIsRepeatedAndCountsOnce) {
  Connect(&a_, 0);
  At(0).keeper->Fail(2, true);
  PublishMany(1, 4);
  Pass(absl::Seconds(3));
  ASSERT_THAT(a_.ids(), UnorderedElementsAreArray(Ids(1, 4)));
  EXPECT_EQ(a_.delivered()[0].attempts, 1);
  At(0).keeper->Fail(2, true);
  a_.AckAll();
  Pass(absl::Seconds(3));
  EXPECT_THAT(a_.kept(), SizeIs(4));
  EXPECT_THAT(a_.refused(), IsEmpty());
}

TEST_F(SharesTest, AnAnswerThatComesAfterTheLeaseHandsNothingOver) {
  Connect(&a_, 0);
  At(0).keeper->Hold(true);
  PublishMany(2, 2);
  Connect(&b_, 1);
  Pass(absl::Seconds(36));
  ASSERT_THAT(b_.delivered(), SizeIs(1));
  b_.AckAll();
  Run();
  At(0).keeper->Hold(false);
  Pass(absl::Seconds(5));
  EXPECT_THAT(a_.delivered(), IsEmpty());
  EXPECT_EQ(ledger_.book.taken(), 0u);
}

TEST_F(SharesTest, WhoIsThereWhenTheProcessGoesIsSentAway) {
  Connect(&a_, 0);
  Kill(0);
  EXPECT_TRUE(domain::HasReason(*a_.finished(), Reason::kDraining));
}

TEST_F(SharesTest, ADrainSendsConsumersAwayGentlyAndCountsNothing) {
  Connect(&a_, 0);
  PublishMany(1, 4);
  bool done = false;
  At(0).hub->Drain(absl::ZeroDuration(), [&done] { done = true; });
  Pass(absl::Seconds(5));
  EXPECT_TRUE(done);
  EXPECT_TRUE(a_.ending());
  EXPECT_EQ(*a_.finished(), absl::OkStatus());
  EXPECT_EQ(At(0).shares->size(), 0u);
  Connect(&b_, 1);
  Pass(absl::Seconds(1));
  ASSERT_THAT(b_.delivered(), SizeIs(4));
  EXPECT_EQ(b_.delivered()[0].attempts, 1);
}

TEST_F(SharesTest, AQuietStreamGivesSignsOfLife) {
  Connect(&a_, 0);
  const int before = a_.messages();
  Pass(absl::Minutes(1));
  EXPECT_GE(a_.messages() - before, 8);
}

// Under every sanitizer too: whoever is left behind is in one of the maps, or leaks.
TEST_F(SharesTest, TenThousandConsumersThatComeAndGoLeaveMapsAndMemoryAsBefore) {
  const auto rounds = [&](int from, int to) {
    for (int round = from; round < to; ++round) {
      TestSharer sharer(&scheduler_);
      if (round % 7 == 0) {  // gone before its room is open
        sharer.Open(At(round % 2).shares.get(), RequestOf());
      } else {
        Connect(&sharer, round % 2);
      }
      // One alert in each partition: the log keeps the last version of each.
      if (round % 11 == 0) log_.Append(round % 2, NewAlert(round % 2 == 0 ? "a" : "b"));
      if (round % 5 != 0) Run();
      if (round % 3 != 0) sharer.AckAll();  // otherwise the next has it again
      sharer->OnCancelled();
      Run();
      if (round % 13 == 0) Pass(absl::Seconds(1));
    }
    // Nobody has anything in hand, and nobody is there.
    TestSharer last(&scheduler_);
    Connect(&last, 0);
    last.AckAll();
    Run();
    last->OnCancelled();
    Pass(absl::Seconds(10));
    for (int partition = 0; partition < 2; ++partition) {
      log_.Trim(partition, log_.end(partition));
    }
    ledger_.book.ForgetAcked();
  };
  rounds(0, 1'000);  // what is allocated once
  const size_t before = testing::HeapBytes();
  rounds(1'000, 11'000);
  for (int replica = 0; replica < 2; ++replica) {
    EXPECT_EQ(At(replica).shares->size(), 0u);
    EXPECT_THAT(At(replica).shares->ByOwner(), IsEmpty());
    const Hub::Census census = At(replica).hub->census();
    EXPECT_EQ(census.sessions + census.views + census.waiting + census.deadlines, 0u);
    EXPECT_EQ(census.reads_waiting, 0u);
  }
  EXPECT_EQ(ledger_.book.members(), 0u);
  EXPECT_THAT(ledger_.book.letters(), IsEmpty());
  // A byte a round would be more.
  EXPECT_LT(testing::HeapBytes(), before + 10'000);
}

Shares::Options OneConsumer() {
  Shares::Options options;
  options.max_consumers = 1;
  return options;
}

class FullSharesTest : public SharesTest {
 protected:
  FullSharesTest() : SharesTest(OneConsumer()) {}
};

// A client that is not told when to come again does not come again.
TEST_F(FullSharesTest, WhoFindsNoRoomIsToldWhenToComeAgain) {
  Connect(&a_, 0);
  Connect(&b_, 0);
  ASSERT_TRUE(b_.finished().has_value());
  const auto detail = domain::DetailOf(*b_.finished());
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->reason, Reason::kTooManyStreams);
  EXPECT_TRUE(detail->retry_after.has_value());
}

// By the counter on which the rule for streams that are turned away stands.
TEST_F(FullSharesTest, WhoFindsNoRoomIsCountedAmongTheStreamsThatAreTurnedAway) {
  Connect(&a_, 0);
  EXPECT_EQ(RefusedStreams(&At(0).registry).Value(), 0);
  Connect(&b_, 0);
  EXPECT_EQ(RefusedStreams(&At(0).registry).Value(), 1);
}

}  // namespace
}  // namespace supervision::alerting
