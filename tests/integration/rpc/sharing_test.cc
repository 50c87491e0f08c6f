// Shared subscriptions on real servers with a real Redis.
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr int kShortestLease = 5;  // seconds

std::vector<uint64_t> Numbers(const std::vector<Consumption::Delivered>& delivered) {
  std::vector<uint64_t> numbers;
  for (const auto& one : delivered) numbers.push_back(one.number);
  return numbers;
}

class SharingTest : public ::testing::Test {
 protected:
  grpc::Status Create(const std::string& name, v1::SharingRules rules = {},
                      v1::SubscriptionMode mode = v1::SUBSCRIPTION_MODE_SHARED) {
    v1::CreateSubscriptionRequest request;
    request.mutable_subscription()->set_name(name);
    request.mutable_subscription()->set_mode(mode);
    *request.mutable_subscription()->mutable_sharing() = std::move(rules);
    request.set_start_from(v1::START_FROM_EARLIEST);
    v1::CreateSubscriptionResponse response;
    return stub_->CreateSubscription(Context(kMonitorToken).get(), request, &response);
  }
  static v1::SharingRules Rules(int lease_seconds, int max_attempts) {
    v1::SharingRules rules;
    rules.mutable_lease()->set_seconds(lease_seconds);
    rules.set_max_attempts(max_attempts);
    rules.mutable_min_delay()->set_nanos(1'000'000);
    rules.mutable_max_delay()->set_nanos(1'000'000);
    return rules;
  }
  static Consumption Share(const std::shared_ptr<grpc::Channel>& channel, const std::string& name,
                           int window = 100) {
    v1::OpenConsumption open;
    open.set_subscription(name);
    open.set_share(true);
    open.mutable_window()->set_alerts(window);
    open.mutable_bookmark_interval()->set_nanos(200'000'000);
    return Consumption(channel, open);
  }
  static void Reject(Consumption& consumption, uint64_t number, const std::string& reason) {
    v1::ConsumeAlertsRequest request;
    request.mutable_reject()->add_deliveries(number);
    request.mutable_reject()->set_reason(reason);
    consumption.Send(request);
  }
  v1::GetSubscriptionResponse MustGet(const std::string& name) {
    v1::GetSubscriptionResponse response;
    const grpc::Status status = GetSubscription(*stub_, name, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::ListDeadLettersResponse Letters(const std::string& name, int page_size = 0,
                                      const std::string& token = "") {
    v1::ListDeadLettersRequest request;
    request.set_subscription(name);
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListDeadLettersResponse response;
    const grpc::Status status =
        stub_->ListDeadLetters(Context(kMonitorToken).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  template <typename Request, typename Response>
  grpc::Status Act(grpc::Status (SubscriptionStub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                   const std::string& name, const std::vector<std::string>& ids,
                   Response* response) {
    Request request;
    request.set_subscription(name);
    request.mutable_selection()->mutable_ids()->Add(ids.begin(), ids.end());
    return (stub_.get()->*method)(Context(kMonitorToken).get(), request, response);
  }

  // The one key of this pattern.
  std::string TheKey(const std::string& pattern) {
    const std::string found = redis_.Call({"KEYS", pattern});  // "*1\r\n$<size>\r\n<key>\r\n"
    EXPECT_EQ(found.substr(0, 4), "*1\r\n");
    return found.substr(found.find("sv:"), found.size() - found.find("sv:") - 2);
  }

  RedisServer redis_;
  TestServer a_{{.redis = "unix:" + redis_.path()}};
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(a_.channel());
  std::unique_ptr<SubscriptionStub> stub_ = v1::SubscriptionService::NewStub(a_.channel());
};

TEST_F(SharingTest, TheModeAndItsRulesAreMadeReadAndChanged) {
  ASSERT_TRUE(Create("team", Rules(30, 7)).ok());
  v1::GetSubscriptionResponse read = MustGet("team");
  EXPECT_EQ(read.subscription().mode(), v1::SUBSCRIPTION_MODE_SHARED);
  EXPECT_EQ(read.subscription().sharing().lease().seconds(), 30);
  EXPECT_EQ(read.subscription().sharing().max_attempts(), 7);
  EXPECT_EQ(read.subscription().sharing().max_in_flight(), 1000);
  EXPECT_TRUE(read.has_sharing());
  v1::UpdateSubscriptionRequest update;
  update.set_name("team");
  update.set_etag(read.subscription().etag());
  update.mutable_sharing()->set_max_attempts(9);
  v1::UpdateSubscriptionResponse updated;
  ASSERT_TRUE(stub_->UpdateSubscription(Context(kMonitorToken).get(), update, &updated).ok());
  EXPECT_EQ(MustGet("team").subscription().sharing().max_attempts(), 9);
  ASSERT_TRUE(CreateSubscription(*stub_, "alone").ok());
  read = MustGet("alone");
  EXPECT_EQ(read.subscription().mode(), v1::SUBSCRIPTION_MODE_EXCLUSIVE);
  EXPECT_FALSE(read.has_sharing());
  update.set_name("alone");
  update.set_etag(read.subscription().etag());
  EXPECT_EQ(ReasonOf(stub_->UpdateSubscription(Context(kMonitorToken).get(), update, &updated)),
            "WRONG_SUBSCRIPTION_MODE");
}

TEST_F(SharingTest, MistakesAreNamed) {
  v1::SharingRules rules;
  rules.mutable_lease()->set_seconds(1);
  rules.set_max_attempts(101);
  rules.mutable_min_delay()->set_seconds(7200);
  rules.mutable_max_delay()->set_seconds(2);
  rules.set_max_in_flight(-1);
  EXPECT_THAT(ViolationsOf(Create("team", rules)),
              ElementsAre("subscription.sharing.lease", "subscription.sharing.max_attempts",
                          "subscription.sharing.min_delay", "subscription.sharing.max_delay",
                          "subscription.sharing.max_in_flight"));
  EXPECT_THAT(ViolationsOf(Create("team", {}, v1::SUBSCRIPTION_MODE_EXCLUSIVE)),
              ElementsAre("subscription.sharing"));
  EXPECT_THAT(ViolationsOf(Create("team", {}, static_cast<v1::SubscriptionMode>(9))),
              ElementsAre("subscription.mode"));
}

TEST_F(SharingTest, AStreamOfTheOtherModeIsRefused) {
  ASSERT_TRUE(Create("team").ok());
  ASSERT_TRUE(CreateSubscription(*stub_, "alone").ok());
  EXPECT_EQ(ReasonOf(Consumption(a_.channel(), "team").Finish()), "WRONG_SUBSCRIPTION_MODE");
  EXPECT_EQ(ReasonOf(Share(a_.channel(), "alone").Finish()), "WRONG_SUBSCRIPTION_MODE");
  EXPECT_EQ(ReasonOf(Share(a_.channel(), "none").Finish()), "SUBSCRIPTION_NOT_FOUND");
  Consumption exclusive(a_.channel(), "alone");
  ASSERT_TRUE(exclusive.NextMessage().has_value());
  Reject(exclusive, 1, "no");
  EXPECT_EQ(ReasonOf(exclusive.Finish()), "WRONG_SUBSCRIPTION_MODE");
}

TEST_F(SharingTest, CumulativeAndWrongAnswersAreNamed) {
  ASSERT_TRUE(Create("team").ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 1));
  Consumption cumulative = Share(a_.channel(), "team");
  ASSERT_THAT(cumulative.Next(1), SizeIs(1));
  cumulative.Acknowledge(1);
  EXPECT_THAT(ViolationsOf(cumulative.Finish()), ElementsAre("acknowledge.through"));
  Consumption beyond = Share(a_.channel(), "team");
  ASSERT_THAT(beyond.Next(1), SizeIs(1));
  beyond.Acknowledge(0, {7});
  EXPECT_EQ(ReasonOf(beyond.Finish()), "ACK_BEYOND_SENT");
  Consumption wordy = Share(a_.channel(), "team");
  ASSERT_THAT(wordy.Next(1), SizeIs(1));
  Reject(wordy, 1, std::string(201, 'x'));
  EXPECT_THAT(ViolationsOf(wordy.Finish()), ElementsAre("reject.reason"));
}

TEST_F(SharingTest, ConsumersOnTwoReplicasDealWithEachAlertOnce) {
  TestServer b({.redis = "unix:" + redis_.path()});
  ASSERT_TRUE(Create("team").ok());
  constexpr int kAlerts = 200;
  std::vector<Consumption> consumers;
  for (const auto& channel : {a_.channel(), b.channel(), a_.channel(), b.channel()}) {
    consumers.push_back(Share(channel, "team", 5));
  }
  ASSERT_TRUE(SubmitMany(*clues_, 0, kAlerts));
  std::vector<std::string> ids;
  std::vector<int> shares(consumers.size());
  for (int quiet = 0; static_cast<int>(ids.size()) < kAlerts && quiet < 200; ++quiet) {
    for (size_t i = 0; i < consumers.size(); ++i) {
      ASSERT_TRUE(consumers[i].NextMessage().has_value());
      const auto delivered = consumers[i].Next(consumers[i].ahead());
      if (delivered.empty()) continue;
      for (const auto& one : delivered) ids.push_back(one.update.alert().id());
      shares[i] += static_cast<int>(delivered.size());
      ASSERT_TRUE(consumers[i].Acknowledge(0, Numbers(delivered)));
      quiet = 0;
    }
  }
  EXPECT_THAT(ids, SizeIs(kAlerts));
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(kAlerts));
  for (const int share : shares) EXPECT_GT(share, 0);
  const v1::SharingState state = MustGet("team").sharing();
  EXPECT_EQ(state.consumers(), 4);
  EXPECT_EQ(state.replicas(), 2);
  for (Consumption& one : consumers) EXPECT_TRUE(one.FinishSending().ok());
  const v1::GetSubscriptionResponse read = MustGet("team");
  EXPECT_EQ(read.lag().alerts(), 0);
  EXPECT_EQ(read.sharing().handed_over() + read.sharing().waiting(), 0);
}

TEST_F(SharingTest, ItTellsWhoConsumesFromWhereAndHowMuchEachHasInHand) {
  TestServer b({.redis = "unix:" + redis_.path()});
  ASSERT_TRUE(Create("team", Rules(60, 9)).ok());
  Consumption first = Share(a_.channel(), "team", 3);
  ASSERT_TRUE(first.NextMessage().has_value());
  Consumption second = Share(b.channel(), "team", 3);
  ASSERT_TRUE(second.NextMessage().has_value());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 6));
  ASSERT_THAT(first.Next(3), SizeIs(3));
  ASSERT_THAT(second.Next(3), SizeIs(3));
  Reject(first, 1, "not now");
  v1::GetSubscriptionResponse read;
  EXPECT_TRUE(Eventually([&] {
    read = MustGet("team");
    const auto& consumers = read.subscription().consumers();
    return consumers.size() == 2 && consumers[0].in_hand() == 3 && consumers[1].in_hand() == 3 &&
           read.sharing().redeliveries() == 1;
  })) << read.DebugString();
  for (const v1::SubscriptionConnection& one : read.subscription().consumers()) {
    EXPECT_EQ(one.principal(), "example-monitor");
    EXPECT_THAT(one.address(), MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
    EXPECT_TRUE(one.has_since());
  }
  v1::ListSubscriptionsResponse page;
  ASSERT_TRUE(stub_->ListSubscriptions(Context(kMonitorToken).get(), {}, &page).ok());
  ASSERT_THAT(page.subscriptions(), SizeIs(1));
  EXPECT_THAT(page.subscriptions(0).consumers(), SizeIs(2));
  EXPECT_TRUE(second.FinishSending().ok());
  EXPECT_TRUE(Eventually([&] { return MustGet("team").subscription().consumers_size() == 1; }));
}

TEST_F(SharingTest, WhatADeadReplicaHadInHandComesAgainElsewhere) {
  TempDir directory;
  ServiceProcess process({.directory = directory.path(), .redis_address = "unix:" + redis_.path()});
  ASSERT_TRUE(process.Start());
  const auto channel =
      grpc::CreateChannel(process.grpc_address(), grpc::InsecureChannelCredentials());
  // It listens before its ledger is open.
  ASSERT_TRUE(Eventually([&] { return Health(channel, "") == "SERVING"; }));
  ASSERT_TRUE(Create("team", Rules(kShortestLease, 5)).ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 6));
  std::vector<std::string> lost;
  {
    Consumption consumption = Share(channel, "team");
    for (const auto& one : consumption.Next(6)) lost.push_back(one.update.alert().id());
    ASSERT_THAT(lost, SizeIs(6));
    process.Kill();
  }
  Consumption other = Share(a_.channel(), "team");
  std::vector<std::string> again;
  for (const auto& one : other.Next(6)) again.push_back(one.update.alert().id());
  EXPECT_THAT(again, UnorderedElementsAreArray(lost));
  EXPECT_THAT(other.attempts(), ElementsAre(2, 2, 2, 2, 2, 2));
}

TEST_F(SharingTest, AnAcknowledgementAfterTheLeaseIsRefusedByName) {
  ASSERT_TRUE(Create("team", Rules(kShortestLease, 5)).ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 1));
  Consumption slow = Share(a_.channel(), "team", 1);
  ASSERT_THAT(slow.Next(1), SizeIs(1));
  Consumption other = Share(a_.channel(), "team");
  ASSERT_THAT(other.Next(1), SizeIs(1)) << "when the lease has ended";
  // The other's lease runs too: first it acknowledges.
  ASSERT_TRUE(other.Acknowledge(0, {1}));
  while (other.kept_singles().empty()) ASSERT_TRUE(other.NextMessage().has_value());
  ASSERT_TRUE(slow.Acknowledge(0, {1}));
  while (slow.refused().empty()) ASSERT_TRUE(slow.NextMessage().has_value());
  EXPECT_THAT(slow.refused(), ElementsAre(1));
  EXPECT_EQ(MustGet("team").lag().alerts(), 0);
}

TEST_F(SharingTest, DeadLettersAreListedReplayedAndDropped) {
  ASSERT_TRUE(Create("team", Rules(60, 2)).ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 3));
  Consumption consumption = Share(a_.channel(), "team", 10);
  std::set<std::string> alerts;
  for (int i = 0; i < 6; ++i) {  // each of three twice
    const auto delivered = consumption.Next(1);
    ASSERT_THAT(delivered, SizeIs(1));
    alerts.insert(delivered[0].update.alert().id());
    Reject(consumption, delivered[0].number, "数据库拒绝");
  }
  ASSERT_TRUE(Eventually([&] {
    consumption.NextMessage();
    return MustGet("team").sharing().dead_letters() == 3;
  }));
  const v1::ListDeadLettersResponse first = Letters("team", 2);
  ASSERT_THAT(first.dead_letters(), SizeIs(2));
  EXPECT_EQ(first.dead_letters(0).reason(), "数据库拒绝");
  EXPECT_EQ(first.dead_letters(0).attempts(), 2);
  EXPECT_TRUE(alerts.contains(first.dead_letters(0).alert_id()));
  EXPECT_THAT(Letters("team", 2, first.next_page_token()).dead_letters(), SizeIs(1));

  v1::ReplayDeadLettersResponse replayed;
  EXPECT_EQ(ReasonOf(Act(&SubscriptionStub::ReplayDeadLetters, "team", {"1-0-999"}, &replayed)),
            "DEAD_LETTER_NOT_FOUND");
  ASSERT_TRUE(
      Act(&SubscriptionStub::ReplayDeadLetters, "team", {first.dead_letters(0).id()}, &replayed)
          .ok());
  EXPECT_EQ(replayed.replayed(), 1);
  const auto again = consumption.Next(1);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].update.alert().id(), first.dead_letters(0).alert_id());
  ASSERT_TRUE(consumption.Acknowledge(0, {again[0].number}));
  v1::DropDeadLettersResponse dropped;
  ASSERT_TRUE(Act(&SubscriptionStub::DropDeadLetters, "team", {}, &dropped).ok());
  EXPECT_EQ(dropped.dropped(), 2);
  EXPECT_THAT(Letters("team").dead_letters(), IsEmpty());
  EXPECT_TRUE(consumption.FinishSending().ok());
  EXPECT_EQ(MustGet("team").lag().alerts(), 0);
}

TEST_F(SharingTest, ADeadLetterThatIsDamagedIsDroppedAndNeverReplayed) {
  ASSERT_TRUE(Create("team", Rules(60, 1)).ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 2));
  Consumption consumption = Share(a_.channel(), "team", 10);
  for (int i = 0; i < 2; ++i) {
    const auto delivered = consumption.Next(1);
    ASSERT_THAT(delivered, SizeIs(1));
    Reject(consumption, delivered[0].number, "数据库拒绝");
  }
  ASSERT_TRUE(Eventually([&] {
    consumption.NextMessage();
    return MustGet("team").sharing().dead_letters() == 2;
  }));
  const v1::ListDeadLettersResponse both = Letters("team");
  ASSERT_THAT(both.dead_letters(), SizeIs(2));
  const std::string damaged = both.dead_letters(0).id();
  const std::string whole = both.dead_letters(1).id();
  const std::string key = TheKey("sv:{0}:s:*:x");
  ASSERT_EQ(redis_.Call({"HSET", key, damaged, "\xff"}), ":0\r\n");

  const v1::ListDeadLettersResponse rest = Letters("team");
  ASSERT_THAT(rest.dead_letters(), SizeIs(1));
  EXPECT_EQ(rest.dead_letters(0).id(), whole);
  v1::ReplayDeadLettersResponse replayed;
  EXPECT_EQ(
      ReasonOf(Act(&SubscriptionStub::ReplayDeadLetters, "team", {whole, damaged}, &replayed)),
      "DEAD_LETTER_DAMAGED");
  EXPECT_THAT(Letters("team").dead_letters(), SizeIs(1)) << "nothing was done";
  ASSERT_TRUE(Act(&SubscriptionStub::ReplayDeadLetters, "team", {}, &replayed).ok());
  EXPECT_EQ(replayed.replayed(), 1) << "of all, those that can be";
  v1::DropDeadLettersResponse dropped;
  ASSERT_TRUE(Act(&SubscriptionStub::DropDeadLetters, "team", {damaged}, &dropped).ok());
  EXPECT_EQ(dropped.dropped(), 1);
  ASSERT_EQ(redis_.Call({"HSET", key, damaged, "\xff"}), ":1\r\n");
  ASSERT_TRUE(Act(&SubscriptionStub::DropDeadLetters, "team", {}, &dropped).ok());
  EXPECT_EQ(dropped.dropped(), 1) << "with all others";
}

TEST_F(SharingTest, OneThatIsDamagedSaysWhatToDoAboutIt) {
  ASSERT_TRUE(Create("team").ok());
  ASSERT_EQ(redis_.Call({"HSET", TheKey("sv:{0}:s:*"), "d", "\xff"}), ":0\r\n");
  v1::GetSubscriptionResponse read;
  const grpc::Status status = GetSubscription(*stub_, "team", &read);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(ReasonOf(status), "SUBSCRIPTION_DAMAGED");
  EXPECT_THAT(status.error_message(), ::testing::HasSubstr("delete it and create it anew"));
  EXPECT_EQ(ReasonOf(Share(a_.channel(), "team").Finish()), "SUBSCRIPTION_DAMAGED");
  v1::DeleteSubscriptionRequest request;
  request.set_name("team");
  v1::DeleteSubscriptionResponse deleted;
  ASSERT_TRUE(stub_->DeleteSubscription(Context(kMonitorToken).get(), request, &deleted).ok());
  EXPECT_TRUE(Create("team").ok());
}

TEST_F(SharingTest, DeadLettersOfAnExclusiveOneOrOfAnotherAreNotThere) {
  ASSERT_TRUE(CreateSubscription(*stub_, "alone").ok());
  v1::ListDeadLettersRequest request;
  v1::ListDeadLettersResponse response;
  request.set_subscription("alone");
  EXPECT_EQ(ReasonOf(stub_->ListDeadLetters(Context(kMonitorToken).get(), request, &response)),
            "WRONG_SUBSCRIPTION_MODE");
  request.set_subscription("none");
  EXPECT_EQ(ReasonOf(stub_->ListDeadLetters(Context(kMonitorToken).get(), request, &response)),
            "SUBSCRIPTION_NOT_FOUND");
  v1::ReplayDeadLettersRequest nothing;
  v1::ReplayDeadLettersResponse replayed;
  EXPECT_THAT(
      ViolationsOf(stub_->ReplayDeadLetters(Context(kMonitorToken).get(), nothing, &replayed)),
      ElementsAre("subscription", "selection"));
}

TEST_F(SharingTest, AStoppedReplicaSendsItsConsumersAwayAndCountsNothing) {
  TestServer b({.redis = "unix:" + redis_.path()});
  ASSERT_TRUE(Create("team").ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 3));
  Consumption consumption = Share(b.channel(), "team");
  ASSERT_THAT(consumption.Next(3), SizeIs(3));
  b.Stop();
  EXPECT_TRUE(consumption.Finish().ok());
  EXPECT_EQ(consumption.ending(), v1::STREAM_ENDING_REASON_DRAINING);
  Consumption other = Share(a_.channel(), "team");
  ASSERT_THAT(other.Next(3), SizeIs(3));
  EXPECT_THAT(other.attempts(), ElementsAre(1, 1, 1));
}

TEST_F(SharingTest, AnUpdateSendsConsumersAwayToComeBackByTheNewConditions) {
  ASSERT_TRUE(Create("team").ok());
  Consumption consumption = Share(a_.channel(), "team");
  ASSERT_TRUE(consumption.NextMessage().has_value());
  v1::UpdateSubscriptionRequest update;
  update.set_name("team");
  update.set_etag(MustGet("team").subscription().etag());
  update.mutable_filter()->set_min_risk(v1::RISK_HIGH);
  v1::UpdateSubscriptionResponse updated;
  ASSERT_TRUE(stub_->UpdateSubscription(Context(kMonitorToken).get(), update, &updated).ok());
  EXPECT_TRUE(consumption.Finish().ok());
  EXPECT_EQ(consumption.ending(), v1::STREAM_ENDING_REASON_SUBSCRIPTION_CHANGED);
}

TEST_F(SharingTest, OneThatHasConsumersIsInUse) {
  ASSERT_TRUE(Create("team").ok());
  Consumption consumption = Share(a_.channel(), "team");
  ASSERT_TRUE(consumption.NextMessage().has_value());
  v1::DeleteSubscriptionRequest request;
  request.set_name("team");
  v1::DeleteSubscriptionResponse response;
  ASSERT_TRUE(Eventually([&] { return MustGet("team").sharing().consumers() == 1; }));
  EXPECT_EQ(ReasonOf(stub_->DeleteSubscription(Context(kMonitorToken).get(), request, &response)),
            "SUBSCRIPTION_IN_USE");
  request.set_force(true);
  ASSERT_TRUE(stub_->DeleteSubscription(Context(kMonitorToken).get(), request, &response).ok());
  EXPECT_EQ(ReasonOf(consumption.Finish()), "SUBSCRIPTION_NOT_FOUND");
}

}  // namespace
}  // namespace supervision::testing
