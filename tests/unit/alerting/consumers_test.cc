// Connections of named subscriptions: what is delivered, what is kept, and who is the newest.
#include "tests/support/heap.h"
#include "tests/unit/alerting/consumers_fixture.h"

namespace supervision::alerting {
namespace {

using domain::Reason;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ConsumersTest : public ConsumersFixture {
 protected:
  void SetUp() override {
    StartConsumers(SmallTail());
    keeper_->Add("night", start_);
  }
  int64_t Place() { return keeper_->At("night").progress.place.positions[0]; }
};

TEST_F(ConsumersTest, ResumesBehindWhatWasAcknowledged) {
  PublishMany("a", 1, 3);
  {
    TestConsumer first;
    Connect(&first, Named("night"));
    EXPECT_THAT(first.texts(), ElementsAreArray(Expected("a", 1, 3)));
    first.Ack(2);
    Run();
    EXPECT_EQ(first.kept_through(), 2u);
    first->OnCancelled();
    Run();
    EXPECT_TRUE(first.finished().has_value());
  }
  EXPECT_EQ(Place(), 2);
  TestConsumer second;
  Connect(&second, Named("night"));
  PublishMany("a", 4, 4);
  EXPECT_THAT(second.texts(), ElementsAreArray(Expected("a", 3, 4))) << "replay, then live";
  EXPECT_EQ(second.delivered()[0].number, 1u) << "numbers begin anew";
  second->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, WhatWasAcknowledgedAloneIsNotSentAgain) {
  PublishMany("a", 1, 4);
  TestConsumer first;
  Connect(&first, Named("night"));
  first.AckOnly({2, 4});
  Run();
  EXPECT_THAT(first.kept_singles(), ElementsAre(2, 4));
  first->OnCancelled();
  Run();
  TestConsumer second;
  Connect(&second, Named("night"));
  EXPECT_THAT(second.texts(), ElementsAre("a1 1 full", "a3 1 full"));
  second.Ack(2);
  Run();
  EXPECT_EQ(Place(), 4);
  second->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, NoMoreIsSentThanTheWindowTakes) {
  PublishMany("a", 1, 20);  // more than the tail has: replayed from the log
  TestConsumer consumer;
  Connect(&consumer, Named("night", 3));
  EXPECT_THAT(consumer.delivered(), SizeIs(3));
  scheduler_.Advance(absl::Minutes(1));
  EXPECT_THAT(consumer.delivered(), SizeIs(3));
  consumer.Ack(2);
  Run();
  EXPECT_THAT(consumer.delivered(), SizeIs(5));
  consumer->SetWindow({10, 1 << 20});
  Run();
  EXPECT_THAT(consumer.delivered(), SizeIs(12));
  consumer.Ack(12);
  Run();
  EXPECT_THAT(consumer.texts(), ElementsAreArray(Expected("a", 1, 20)));
  PublishMany("a", 21, 40);
  consumer.Ack(20);
  Run();
  consumer.Ack(30);
  Run();
  EXPECT_THAT(consumer.texts(), ElementsAreArray(Expected("a", 1, 40))) << "no seam, no repeat";
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, TheWindowOfBytesHoldsToo) {
  PublishMany("a", 1, 6);
  TestConsumer consumer;
  const size_t two_alerts = 2 * std::string("alert a1 1 full").size();
  Connect(&consumer, Named("night", 100, two_alerts + 3));
  EXPECT_THAT(consumer.delivered(), SizeIs(2));
  consumer.Ack(1);
  Run();
  EXPECT_THAT(consumer.delivered(), SizeIs(3));
  consumer->SetWindow({100, 1});
  consumer.Ack(3);
  Run();
  EXPECT_THAT(consumer.delivered(), SizeIs(4)) << "one at a time, whatever its size";
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, AFullWindowStillGetsSignsOfLife) {
  PublishMany("a", 1, 3);
  TestConsumer consumer;
  Connect(&consumer, Named("night", 1));
  const int messages = consumer.messages();
  scheduler_.Advance(absl::Minutes(1));
  EXPECT_GT(consumer.messages(), messages + 5);
  EXPECT_EQ(Place(), 0);
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, WhoseWindowIsFullIsToldThatItFallsBehindWhileItDoesAndNotOnlyAfterwards) {
  TestConsumer consumer;
  Connect(&consumer, Named("night", 1));
  PublishMany("a", 1, 80);  // many times what the tail has
  scheduler_.Advance(absl::Minutes(1));
  EXPECT_THAT(consumer.delivered(), SizeIs(1));
  EXPECT_THAT(consumer.notices(), ElementsAre("throttled"));
  EXPECT_EQ(Metric("supervision_alert_streams_parked"), 1);
  EXPECT_EQ(Metric("supervision_alert_stream_parkings_total"), 1);
  consumer->SetWindow({100, 1 << 20});
  Run();
  scheduler_.Advance(absl::Minutes(1));
  EXPECT_THAT(consumer.texts(), ElementsAreArray(Expected("a", 1, 80)));
  EXPECT_THAT(consumer.notices(), ElementsAre("throttled", "resumed"));
  EXPECT_EQ(Metric("supervision_alert_streams_parked"), 0);
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, WhoseWindowIsMadeSmallerThanWhatIsOpenIsToldThatItFallsBehind) {
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  PublishMany("a", 1, 2);
  consumer->SetWindow({1, 1 << 20});
  Run();
  PublishMany("a", 3, 80);
  scheduler_.Advance(absl::Minutes(1));
  EXPECT_THAT(consumer.notices(), ElementsAre("throttled"));
  EXPECT_THAT(consumer.delivered(), SizeIs(2));
  consumer.Ack(2);
  Run();
  EXPECT_THAT(consumer.delivered(), SizeIs(3));
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, AFullWindowWhoseNextAlertsTheTailStillHasIsNotSlow) {
  TestConsumer consumer;
  Connect(&consumer, Named("night", 3));
  PublishMany("a", 1, 5);
  scheduler_.Advance(absl::Minutes(1));
  EXPECT_THAT(consumer.delivered(), SizeIs(3));
  EXPECT_THAT(consumer.notices(), IsEmpty());
  EXPECT_EQ(Metric("supervision_alert_stream_parkings_total"), 0);
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, ThePlaceMovesOverWhatTheFilterDoesNotPass) {
  domain::Filter high;
  high.min_risk = domain::Risk::kHigh;
  keeper_->Add("high", start_, high);
  TestConsumer consumer;
  Connect(&consumer, Named("high"));
  PublishMany("a", 1, 50);
  scheduler_.Advance(absl::Minutes(1));
  EXPECT_THAT(consumer.delivered(), IsEmpty());
  EXPECT_EQ(keeper_->At("high").progress.place.positions[0], 50);
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, TheScopeOfTheCallerComesBeforeTheFilter) {
  TestConsumer consumer;
  Consumers::Request request = Named("night");
  request.scope.regions = {"4401"};
  Connect(&consumer, std::move(request));
  PublishMany("a", 1, 3);
  EXPECT_THAT(consumer.delivered(), IsEmpty());
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, TheNewerConnectionTakesOverAndTheOlderIsTold) {
  PublishMany("a", 1, 2);
  TestConsumer older;
  Connect(&older, Named("night"));
  older.Ack(1);
  Run();
  TestConsumer newer;
  Connect(&newer, Named("night"));
  ASSERT_TRUE(older.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*older.finished(), Reason::kSubscriptionTakenOver));
  EXPECT_THAT(newer.texts(), ElementsAre("a2 1 full"));
  older.Ack(2);  // too late
  Run();
  EXPECT_EQ(Place(), 1);
  newer.Ack(1);
  Run();
  EXPECT_EQ(Place(), 2);
  EXPECT_EQ(Metric("supervision_subscription_takeovers_total"), 1);
  newer->OnCancelled();
  Run();
  EXPECT_FALSE(keeper_->At("night").connected);
  EXPECT_EQ(consumers_->size(), 0u);
}

TEST_F(ConsumersTest, AConnectionThatAnotherProcessHasTakenOverIsToldAtItsNextSignOfLife) {
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  ++keeper_->At("night").generation;
  scheduler_.Advance(absl::Seconds(3));
  ASSERT_TRUE(consumer.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*consumer.finished(), Reason::kSubscriptionTakenOver));
  EXPECT_EQ(consumers_->size(), 0u);
}

TEST_F(ConsumersTest, AnAcknowledgementBeyondWhatWasSentEndsTheStream) {
  PublishMany("a", 1, 2);
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  consumer.Ack(3);
  Run();
  ASSERT_TRUE(consumer.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*consumer.finished(), Reason::kAckBeyondSent));
  EXPECT_EQ(Place(), 0);
}

TEST_F(ConsumersTest, NothingIsToldAsKeptBeforeTheLedgerHasIt) {
  PublishMany("a", 1, 3);
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  keeper_->Hold(true);
  consumer.Ack(2);
  Run();
  EXPECT_EQ(consumer.kept_through(), 0u);
  keeper_->Hold(false);
  Run();
  EXPECT_EQ(consumer.kept_through(), 2u);
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, WhileOneCallIsUnderWayAllOthersWaitForTheNext) {
  constexpr int kConsumers = 20;
  PublishMany("a", 1, 2);
  std::vector<TestConsumer> consumers(kConsumers);
  for (int i = 0; i < kConsumers; ++i) {
    keeper_->Add(std::to_string(i), start_);
    Connect(&consumers[i], Named(std::to_string(i)));
  }
  keeper_->Hold(true);
  const int before = keeper_->keeps();
  for (TestConsumer& consumer : consumers) consumer.Ack(2);
  keeper_->Hold(false);
  Run();
  EXPECT_EQ(keeper_->keeps(), before + 2);
  EXPECT_EQ(keeper_->largest_group(), static_cast<size_t>(kConsumers - 1));
  for (int i = 0; i < kConsumers; ++i) {
    EXPECT_EQ(keeper_->At(std::to_string(i)).progress.place.positions[0], 2);
    consumers[i]->OnCancelled();
  }
  Run();
}

TEST_F(ConsumersTest, WhatCouldNotBeKeptIsKeptLater) {
  PublishMany("a", 1, 3);
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  keeper_->FailKeeps(2);
  consumer.Ack(2);
  Run();
  EXPECT_EQ(Place(), 0);
  scheduler_.Advance(absl::Seconds(3));
  EXPECT_EQ(Place(), 2);
  EXPECT_EQ(consumer.kept_through(), 2u);
  consumer->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, WhoSendsNoMoreGetsItsAcknowledgementsKeptAndAnEnd) {
  PublishMany("a", 1, 3);
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  consumer.Ack(3);
  consumer->OnSentAll();
  Run();
  EXPECT_EQ(consumer.kept_through(), 3u);
  EXPECT_TRUE(consumer.ending());
  ASSERT_TRUE(consumer.finished().has_value());
  EXPECT_TRUE(consumer.finished()->ok()) << *consumer.finished();
  EXPECT_EQ(Place(), 3);
  EXPECT_FALSE(keeper_->At("night").connected);
}

TEST_F(ConsumersTest, ATrimmedPlaceIsToldAsAGapWhichMustBeAcknowledged) {
  PublishMany("a", 1, 30);
  log_.Trim(0, 25);
  {
    TestConsumer deaf;  // goes away before it says that it knows
    Connect(&deaf, Named("night"));
    EXPECT_EQ(deaf.gap(), "CURSOR_TRIMMED");
    scheduler_.Advance(absl::Minutes(1));
    EXPECT_EQ(Place(), 0);
    deaf->OnCancelled();
    Run();
  }
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  EXPECT_EQ(consumer.gap(), "CURSOR_TRIMMED");
  EXPECT_THAT(consumer.texts(), ElementsAreArray(Expected("a", 25, 30)));
  EXPECT_EQ(consumer.delivered()[0].number, 2u);
  consumer.Ack(7);
  Run();
  EXPECT_EQ(Place(), 30);
  consumer->OnCancelled();
  Run();
  TestConsumer later;
  Connect(&later, Named("night"));
  EXPECT_EQ(later.gap(), "");
  later->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, AfterLostHistoryNothingNewIsTakenForWhatWasAcknowledgedBefore) {
  PublishMany("a", 1, 6);
  TestConsumer first;
  Connect(&first, Named("night"));
  first.AckOnly({5});
  Run();
  first->OnCancelled();
  Run();
  log_.LoseHistory(0, 3);
  PublishMany("b", 4, 6);
  TestConsumer second;
  Connect(&second, Named("night"));
  EXPECT_THAT(second.texts(), ElementsAre("a1 1 full", "a2 1 full", "a3 1 full", "b4 1 full",
                                          "b5 1 full", "b6 1 full"));
  second->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, AChangedSubscriptionIsConnectedToAgain) {
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  ++keeper_->At("night").version;
  scheduler_.Advance(absl::Seconds(3));
  EXPECT_TRUE(consumer.ending());
  ASSERT_TRUE(consumer.finished().has_value());
  EXPECT_TRUE(consumer.finished()->ok());
}

TEST_F(ConsumersTest, WhatIsPublishedAfterAFilterWasWidenedIsToldThoughTheOldStreamPassedOverIt) {
  domain::Filter high;
  high.min_risk = domain::Risk::kHigh;
  keeper_->Add("high", start_, high);
  TestConsumer before;
  Connect(&before, Named("high"));
  keeper_->At("high").filter = domain::Filter();
  ++keeper_->At("high").version;
  PublishMany("a", 1, 3);  // none is HIGH, and the stream does not know of the change
  scheduler_.Advance(absl::Seconds(3));
  EXPECT_THAT(before.delivered(), IsEmpty());
  ASSERT_TRUE(before.finished().has_value());
  TestConsumer after;
  Connect(&after, Named("high"));
  EXPECT_THAT(after.texts(), ElementsAreArray(Expected("a", 1, 3)));
  after->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, WhatIsAcknowledgedAfterAChangeIsNotToldAsKept) {
  PublishMany("a", 1, 3);
  TestConsumer before;
  Connect(&before, Named("night"));
  ++keeper_->At("night").version;
  before.Ack(2);
  scheduler_.Advance(absl::Seconds(3));
  EXPECT_EQ(before.kept_through(), 0u);
  ASSERT_TRUE(before.finished().has_value());
  TestConsumer after;
  Connect(&after, Named("night"));
  EXPECT_THAT(after.texts(), ElementsAreArray(Expected("a", 1, 3)));
  after->OnCancelled();
  Run();
}

TEST_F(ConsumersTest, ADeletedSubscriptionEndsItsConnection) {
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  keeper_->Remove("night");
  scheduler_.Advance(absl::Seconds(3));
  ASSERT_TRUE(consumer.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*consumer.finished(), Reason::kSubscriptionNotFound));
  EXPECT_EQ(consumers_->size(), 0u);
}

TEST_F(ConsumersTest, ThereIsNoConnectionToASubscriptionThatIsNotThere) {
  TestConsumer consumer;
  Connect(&consumer, Named("none"));
  ASSERT_TRUE(consumer.finished().has_value());
  EXPECT_TRUE(domain::HasReason(*consumer.finished(), Reason::kSubscriptionNotFound));
  EXPECT_EQ(consumers_->size(), 0u);
}

TEST_F(ConsumersTest, WhoGoesBeforeItIsConnectedLeavesNothingBehind) {
  TestConsumer consumer;
  consumer.Open(consumers_.get(), Named("night"));
  consumer->OnCancelled();
  Run();
  EXPECT_TRUE(consumer.finished().has_value());
  EXPECT_FALSE(keeper_->At("night").connected);
  EXPECT_EQ(consumers_->size(), 0u);
}

TEST_F(ConsumersTest, TenThousandConnectionsLeaveNothingBehind) {
  PublishMany("a", 1, 3);
  size_t before = 0;
  for (int round = 0; round < 11'000; ++round) {
    if (round == 1'000) before = testing::HeapBytes();  // what is allocated once, is
    TestConsumer consumer;
    Connect(&consumer, Named("night"));
    if (round % 3 == 0) consumer.Ack(1 + round % 2);
    if (round % 5 == 0) Run();
    consumer->OnCancelled();
    Run();
    if (round % 3 == 0) keeper_->At("night").progress.place.positions[0] = 0;
  }
  EXPECT_EQ(consumers_->size(), 0u);
  EXPECT_TRUE(consumers_->idle());
  const Hub::Census census = hub_->census();
  EXPECT_EQ(census.sessions + census.views + census.waiting + census.deadlines, 0u);
  // A byte a round would be more.
  EXPECT_LT(testing::HeapBytes(), before + 10'000);
}

TEST_F(ConsumersTest, ADrainEndsConnectionsAndTheirLeavingIsKept) {
  TestConsumer consumer;
  Connect(&consumer, Named("night"));
  hub_->Drain(absl::Milliseconds(100), [] {});
  scheduler_.Advance(absl::Seconds(1));
  EXPECT_TRUE(consumer.ending());
  EXPECT_TRUE(consumer.finished().has_value());
  EXPECT_FALSE(keeper_->At("night").connected);
  EXPECT_TRUE(consumers_->idle());
}

}  // namespace
}  // namespace supervision::alerting
