// SubscriptionService on a real server with a real Redis.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/support/eventually.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string> ClueIds(const std::vector<Consumption::Delivered>& delivered) {
  std::vector<std::string> ids;
  for (const auto& one : delivered) ids.push_back(one.update.alert().clue_id());
  return ids;
}

class SubscriptionTest : public ::testing::Test {
 protected:
  explicit SubscriptionTest(TestServer::Options options = {}) : server_(std::move(options)) {}

  std::string MustSubmit(int number) {
    const Submitted submitted = Submit(*clues_, ValidRequest(number));
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt.clue_id();
  }
  std::vector<std::string> MustSubmit(int first, int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(MustSubmit(first + i));
    return ids;
  }
  void MustCreate(const std::string& name, v1::StartFrom from = v1::START_FROM_EARLIEST) {
    const grpc::Status status = CreateSubscription(*stub_, name, from);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  v1::GetSubscriptionResponse MustGet(const std::string& name) {
    v1::GetSubscriptionResponse response;
    const grpc::Status status = GetSubscription(*stub_, name, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  grpc::Status Delete(const std::string& name, bool force = false,
                      const std::string& token = kMonitorToken) {
    v1::DeleteSubscriptionRequest request;
    request.set_name(name);
    request.set_force(force);
    v1::DeleteSubscriptionResponse response;
    return stub_->DeleteSubscription(Context(token).get(), request, &response);
  }

  TestServer server_;
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(server_.channel());
  std::unique_ptr<SubscriptionStub> stub_ = v1::SubscriptionService::NewStub(server_.channel());
};

TEST_F(SubscriptionTest, AllOfItsFilterIsShown) {
  v1::AlertFilter filter;
  filter.add_scenarios(v1::SCENARIO_ADMIN_ENFORCEMENT);
  filter.set_min_risk(v1::RISK_MEDIUM);
  filter.set_region_prefix("3304");
  filter.set_unit("某县公安局");
  filter.set_expression("risk >= LOW");
  filter.add_states(v1::ALERT_STATE_OPEN);
  filter.add_states(v1::ALERT_STATE_ACKNOWLEDGED);
  filter.set_owner("handler-1");
  ASSERT_TRUE(
      CreateSubscription(*stub_, "all", v1::START_FROM_EARLIEST, kMonitorToken, filter).ok());
  EXPECT_EQ(MustGet("all").subscription().filter().SerializeAsString(), filter.SerializeAsString());
}

TEST_F(SubscriptionTest, AStreamThatOpensNothingIsSentAway) {
  const auto context = Context(kMonitorToken, std::chrono::minutes(5));
  const auto stream = stub_->ConsumeAlerts(context.get());
  v1::ConsumeAlertsResponse message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_THAT(ViolationsOf(stream->Finish()), ElementsAre("open"));
}

TEST_F(SubscriptionTest, IsMadeReadListedChangedAndDeleted) {
  v1::AlertFilter filter;
  filter.set_min_risk(v1::RISK_MEDIUM);
  filter.set_expression("region : \"3304\"");
  ASSERT_TRUE(
      CreateSubscription(*stub_, "值班", v1::START_FROM_LATEST, kMonitorToken, filter).ok());
  MustCreate("b");
  const v1::GetSubscriptionResponse read = MustGet("值班");
  EXPECT_EQ(read.subscription().filter().min_risk(), v1::RISK_MEDIUM);
  EXPECT_THAT(read.subscription().filter().expression(), Not(IsEmpty()));
  EXPECT_FALSE(read.subscription().has_connection());
  v1::ListSubscriptionsRequest list;
  v1::ListSubscriptionsResponse page;
  ASSERT_TRUE(stub_->ListSubscriptions(Context(kMonitorToken).get(), list, &page).ok());
  EXPECT_THAT(page.subscriptions(), SizeIs(2));
  v1::UpdateSubscriptionRequest update;
  update.set_name("值班");
  update.set_etag(read.subscription().etag());
  update.mutable_filter()->set_min_risk(v1::RISK_HIGH);
  v1::UpdateSubscriptionResponse updated;
  ASSERT_TRUE(stub_->UpdateSubscription(Context(kMonitorToken).get(), update, &updated).ok());
  EXPECT_EQ(MustGet("值班").subscription().filter().min_risk(), v1::RISK_HIGH);
  EXPECT_EQ(ReasonOf(stub_->UpdateSubscription(Context(kMonitorToken).get(), update, &updated)),
            "ETAG_MISMATCH");
  ASSERT_TRUE(Delete("值班").ok());
  EXPECT_EQ(ReasonOf(Delete("值班")), "SUBSCRIPTION_NOT_FOUND");
}

TEST_F(SubscriptionTest, MistakesAreNamed) {
  v1::CreateSubscriptionRequest request;
  request.mutable_subscription()->set_name("two words");
  request.mutable_subscription()->mutable_filter()->set_expression("risky = HIGH");
  request.mutable_subscription()->mutable_retention()->set_seconds(-1);
  request.set_start_from(static_cast<v1::StartFrom>(9));
  v1::CreateSubscriptionResponse response;
  const grpc::Status status =
      stub_->CreateSubscription(Context(kMonitorToken).get(), request, &response);
  EXPECT_THAT(ViolationsOf(status),
              ElementsAre("subscription.name", "subscription.filter.expression",
                          "subscription.retention", "start_from"));
}

TEST_F(SubscriptionTest, ResumesBehindWhatWasAcknowledgedWithoutACursor) {
  MustCreate("night");
  const std::vector<std::string> before = MustSubmit(0, 4);
  {
    Consumption first(server_.channel(), "night");
    EXPECT_THAT(ClueIds(first.Next(4)), ElementsAreArray(before));
    ASSERT_TRUE(first.Acknowledge(2));
    ASSERT_TRUE(first.WaitKept(2));
  }
  const std::vector<std::string> after = MustSubmit(4, 2);
  Consumption second(server_.channel(), "night");
  EXPECT_THAT(ClueIds(second.Next(4)), ElementsAre(before[2], before[3], after[0], after[1]));
}

TEST_F(SubscriptionTest, WhatWasAcknowledgedAloneDoesNotComeAgain) {
  MustCreate("night");
  const std::vector<std::string> ids = MustSubmit(0, 4);
  {
    Consumption first(server_.channel(), "night");
    ASSERT_THAT(first.Next(4), SizeIs(4));
    ASSERT_TRUE(first.Acknowledge(0, {2, 4}));
    ASSERT_TRUE(first.FinishSending().ok());
    EXPECT_THAT(first.kept_singles(), ElementsAre(2, 4));
    EXPECT_EQ(first.ending(), v1::STREAM_ENDING_REASON_CLIENT_DONE);
  }
  Consumption second(server_.channel(), "night");
  EXPECT_THAT(ClueIds(second.Next(2)), ElementsAre(ids[0], ids[2]));
}

TEST_F(SubscriptionTest, NoMoreIsSentThanTheWindowTakes) {
  MustCreate("night");
  const std::vector<std::string> ids = MustSubmit(0, 10);
  Consumption consumption(server_.channel(), "night", 3);
  EXPECT_THAT(ClueIds(consumption.Next(3)), ElementsAre(ids[0], ids[1], ids[2]));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(consumption.NextMessage().has_value());  // bookmarks
  EXPECT_EQ(consumption.ahead(), 0u);
  ASSERT_TRUE(consumption.Acknowledge(1));
  EXPECT_THAT(ClueIds(consumption.Next(1)), ElementsAre(ids[3]));
  ASSERT_TRUE(consumption.SetWindow(100));
  EXPECT_THAT(consumption.Next(6), SizeIs(6));
}

TEST_F(SubscriptionTest, TheNewerConnectionTakesOverAndTheOlderIsToldWhy) {
  MustCreate("night");
  const std::string id = MustSubmit(0);
  Consumption older(server_.channel(), "night");
  ASSERT_THAT(older.Next(1), SizeIs(1));
  Consumption newer(server_.channel(), "night");
  EXPECT_THAT(ClueIds(newer.Next(1)), ElementsAre(id));
  const grpc::Status ended = older.Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(ended), "SUBSCRIPTION_TAKEN_OVER");
  EXPECT_TRUE(
      Eventually([&] { return server_.Metric("supervision_subscription_takeovers_total") == 1; }));
}

TEST_F(SubscriptionTest, WhatWasNotSentCannotBeAcknowledged) {
  MustCreate("night");
  MustSubmit(0);
  Consumption consumption(server_.channel(), "night");
  ASSERT_THAT(consumption.Next(1), SizeIs(1));
  ASSERT_TRUE(consumption.Acknowledge(2));
  const grpc::Status ended = consumption.Finish();
  EXPECT_EQ(ReasonOf(ended), "ACK_BEYOND_SENT");
  EXPECT_EQ(FactOf(ended, "sent"), "1");
}

TEST_F(SubscriptionTest, TheFirstMessageMustOpen) {
  const auto context = Context(kMonitorToken);
  auto stream = stub_->ConsumeAlerts(context.get());
  v1::ConsumeAlertsRequest request;
  request.mutable_acknowledge()->set_through(1);
  stream->Write(request);
  v1::ConsumeAlertsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(ViolationsOf(stream->Finish()), ElementsAre("open"));
  const auto silent_context = Context(kMonitorToken);
  auto silent = stub_->ConsumeAlerts(silent_context.get());
  silent->WritesDone();
  EXPECT_THAT(ViolationsOf(silent->Finish()), ElementsAre("open"));
}

TEST_F(SubscriptionTest, AReaderWithoutAttemptsOrTooLongIsNamed) {
  const auto violations = [&](const std::string& reader, uint32_t attempt) {
    v1::ConsumeAlertsRequest request;
    request.mutable_open()->set_subscription("night");
    request.mutable_open()->set_reader(reader);
    request.mutable_open()->set_attempt(attempt);
    const auto context = Context(kMonitorToken);
    const auto stream = stub_->ConsumeAlerts(context.get());
    stream->Write(request);
    v1::ConsumeAlertsResponse none;
    EXPECT_FALSE(stream->Read(&none));
    return ViolationsOf(stream->Finish());
  };
  EXPECT_THAT(violations("reader-1", 0), ElementsAre("open.attempt"));
  EXPECT_THAT(violations("", 1), ElementsAre("open.attempt"));
  EXPECT_THAT(violations(std::string(65, 'r'), 1), ElementsAre("open.reader"));
}

TEST_F(SubscriptionTest, WrongWindowsAndSecondOpeningsAreNamed) {
  MustCreate("night");
  Consumption wrong(server_.channel(), "night", 20'000);
  EXPECT_THAT(ViolationsOf(wrong.Finish()), ElementsAre("open.window.alerts"));
  Consumption twice(server_.channel(), "night");
  v1::ConsumeAlertsRequest again;
  again.mutable_open()->set_subscription("night");
  ASSERT_TRUE(twice.Send(again));
  EXPECT_THAT(ViolationsOf(twice.Finish()), ElementsAre("open"));
}

TEST_F(SubscriptionTest, AnothersSubscriptionIsNotThere) {
  MustCreate("night");
  v1::GetSubscriptionResponse response;
  const grpc::Status got = GetSubscription(*stub_, "night", &response, kScopedMonitorToken);
  const grpc::Status none = GetSubscription(*stub_, "none", &response, kScopedMonitorToken);
  EXPECT_EQ(got.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(got.error_message(), none.error_message());
  EXPECT_EQ(got.error_details(), none.error_details());
  Consumption consumption(server_.channel(), "night", 0, kScopedMonitorToken);
  EXPECT_EQ(ReasonOf(consumption.Finish()), "SUBSCRIPTION_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete("night", true, kScopedMonitorToken)), "SUBSCRIPTION_NOT_FOUND");
  EXPECT_TRUE(CreateSubscription(*stub_, "night", v1::START_FROM_LATEST, kScopedMonitorToken).ok());
  EXPECT_EQ(CreateSubscription(*stub_, "p", v1::START_FROM_LATEST, kPartnerToken).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(SubscriptionTest, TheScopeOfTheCallerComesBeforeTheFilter) {
  ASSERT_TRUE(
      CreateSubscription(*stub_, "mine", v1::START_FROM_EARLIEST, kScopedMonitorToken).ok());
  v1::SubmitClueRequest outside = ValidRequest(0);
  outside.mutable_clue()->set_region_code("330106");
  ASSERT_TRUE(Submit(*clues_, outside).status.ok());
  const std::string inside = MustSubmit(1);
  Consumption consumption(server_.channel(), "mine", 0, kScopedMonitorToken);
  EXPECT_THAT(ClueIds(consumption.Next(1)), ElementsAre(inside));
  EXPECT_EQ(consumption.ahead(), 0u);
  v1::GetSubscriptionResponse read;
  ASSERT_TRUE(GetSubscription(*stub_, "mine", &read, kScopedMonitorToken).ok());
  EXPECT_EQ(read.lag().alerts(), 1);
}

TEST_F(SubscriptionTest, GetTellsHowFarItIsBehindAndWhoIsConnected) {
  MustCreate("night");
  MustSubmit(0, 3);
  const v1::GetSubscriptionResponse behind = MustGet("night");
  EXPECT_EQ(behind.lag().alerts(), 3);
  EXPECT_FALSE(behind.lag().more());
  EXPECT_TRUE(behind.lag().has_age());
  EXPECT_EQ(behind.lag().oldest_version(), 1u);
  Consumption consumption(server_.channel(), "night");
  const auto delivered = consumption.Next(3);
  ASSERT_THAT(delivered, SizeIs(3));
  EXPECT_EQ(behind.lag().oldest_alert_id(), delivered[0].update.alert().id());
  ASSERT_TRUE(consumption.Acknowledge(1, {3}));
  ASSERT_TRUE(consumption.WaitKept(1));
  const v1::GetSubscriptionResponse now = MustGet("night");
  EXPECT_EQ(now.lag().alerts(), 1);
  EXPECT_EQ(now.lag().oldest_alert_id(), delivered[1].update.alert().id());
  EXPECT_TRUE(now.subscription().has_connection());
  EXPECT_THAT(now.subscription().connection().replica(), Not(IsEmpty()));
  EXPECT_EQ(now.subscription().connection().principal(), "example-monitor");
  EXPECT_THAT(now.subscription().connection().address(), MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
  v1::ListSubscriptionsResponse page;
  ASSERT_TRUE(stub_->ListSubscriptions(Context(kMonitorToken).get(), {}, &page).ok());
  ASSERT_THAT(page.subscriptions(), SizeIs(1));
  EXPECT_EQ(page.subscriptions(0).connection().address(),
            now.subscription().connection().address());
  EXPECT_TRUE(now.subscription().has_acknowledged_at());
}

TEST_F(SubscriptionTest, InUseItIsDeletedOnlyByForceAndTheConnectionEnds) {
  MustCreate("night");
  Consumption consumption(server_.channel(), "night");
  ASSERT_TRUE(consumption.NextMessage().has_value());
  EXPECT_EQ(ReasonOf(Delete("night")), "SUBSCRIPTION_IN_USE");
  ASSERT_TRUE(Delete("night", true).ok());
  EXPECT_EQ(ReasonOf(consumption.Finish()), "SUBSCRIPTION_NOT_FOUND");
}

TEST_F(SubscriptionTest, AChangeOfTheFilterIsFollowedAtTheNextConnection) {
  MustCreate("night");
  Consumption consumption(server_.channel(), "night");
  ASSERT_TRUE(consumption.NextMessage().has_value());
  v1::UpdateSubscriptionRequest update;
  update.set_name("night");
  update.set_etag(MustGet("night").subscription().etag());
  update.mutable_filter()->set_region_prefix("3301");
  v1::UpdateSubscriptionResponse updated;
  ASSERT_TRUE(stub_->UpdateSubscription(Context(kMonitorToken).get(), update, &updated).ok());
  EXPECT_TRUE(consumption.Finish().ok());
  EXPECT_EQ(consumption.ending(), v1::STREAM_ENDING_REASON_SUBSCRIPTION_CHANGED);
  MustSubmit(0);  // in 330402
  v1::SubmitClueRequest fits = ValidRequest(1);
  fits.mutable_clue()->set_region_code("330106");
  const Submitted submitted = Submit(*clues_, fits);
  Consumption again(server_.channel(), "night");
  EXPECT_THAT(ClueIds(again.Next(1)), ElementsAre(submitted.receipt.clue_id()));
}

TEST_F(SubscriptionTest, ReplayGoesOverIntoLiveWithoutASeamWhileClueAfterClueComes) {
  constexpr int kClues = 1200;
  MustCreate("night");
  ASSERT_TRUE(SubmitMany(*clues_, 0, kClues / 2));
  std::thread publisher([&] {
    const auto stub = v1::ClueService::NewStub(server_.NewChannel());
    for (int first = kClues / 2; first < kClues; first += 20) {
      EXPECT_TRUE(SubmitMany(*stub, first, 20));
    }
  });
  Consumption consumption(server_.NewChannel(), "night", 50);
  std::vector<std::string> ids;
  while (ids.size() < kClues) {
    const auto delivered = consumption.Next(10);
    if (delivered.empty()) break;
    for (const std::string& id : ClueIds(delivered)) ids.push_back(id);
    ASSERT_EQ(delivered.back().number, ids.size());
    ASSERT_TRUE(consumption.Acknowledge(delivered.back().number));
  }
  publisher.join();
  EXPECT_THAT(ids, SizeIs(kClues));
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end()) << "one came twice on one connection";
}

class FewSubscriptionsTest : public SubscriptionTest {
 protected:
  FewSubscriptionsTest()
      : SubscriptionTest(
            {.flags = {"--alerting.max_subscriptions=2", "--alerting.max_stream_age=1s"}}) {}
};

TEST_F(FewSubscriptionsTest, APrincipalHasAtMostItsQuota) {
  MustCreate("a");
  MustCreate("b");
  EXPECT_EQ(ReasonOf(CreateSubscription(*stub_, "c")), "TOO_MANY_SUBSCRIPTIONS");
  EXPECT_TRUE(CreateSubscription(*stub_, "c", v1::START_FROM_LATEST, kScopedMonitorToken).ok());
}

TEST_F(FewSubscriptionsTest, AnOldStreamEndsWithALastCursorFromWhichItGoesOn) {
  Watcher watcher(server_.channel(), FromLatest());
  bool ended = false;
  while (const auto message = watcher.NextMessage()) {
    ended = ended || message->ending().reason() == v1::STREAM_ENDING_REASON_AGE;
  }
  EXPECT_TRUE(ended);
  EXPECT_TRUE(watcher.Finish().ok());
  const std::string id = MustSubmit(0);
  std::string cursor = watcher.cursor();
  std::vector<v1::AlertUpdate> updates;
  EXPECT_TRUE(Eventually([&] {  // the next one gets old too, on a busy machine before it tells
    Watcher again(server_.channel(), FromCursor(cursor));
    updates = again.Next(1);
    if (!again.cursor().empty()) cursor = again.cursor();
    return !updates.empty();
  }));
  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].alert().clue_id(), id);
}

}  // namespace
}  // namespace supervision::testing
