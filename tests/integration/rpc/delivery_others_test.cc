// A supervisor asks why another principal is told of an alert, or not.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/integration/rpc/delivery_asking.h"
#include "tests/integration/rpc/supervisor.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;

class DeliveryOthersTest : public ::testing::Test,
                           protected WithSupervisor,
                           protected DeliveryAsking {
 protected:
  DeliveryOthersTest() : DeliveryAsking({.flags = {flag()}}) {}

  grpc::Status AskFor(const std::string& principal, const std::string& alert_id,
                      const std::string& subscription = "") {
    v1::ExplainDeliveryRequest request = About(alert_id);
    request.set_principal(principal);
    request.set_subscription(subscription);
    return Ask(request, kSupervisorToken);
  }
  // The outcome of the last step, of a subscription of example-monitor.
  std::string LastOf(const std::string& alert_id, const std::string& subscription) {
    const grpc::Status status = AskFor("example-monitor", alert_id, subscription);
    return status.ok() ? Steps().back() : ReasonOf(status);
  }
};

TEST_F(DeliveryOthersTest, ASupervisorIsAnsweredForWhomItAsks) {
  const std::string id = AlertOf(1);
  ASSERT_TRUE(AskFor("example-monitor-enforcement", id).ok());
  EXPECT_EQ(answer_.principal(), "example-monitor-enforcement");
  EXPECT_TRUE(answer_.told());
  EXPECT_EQ(answer_.alert().id(), id);
}

TEST_F(DeliveryOthersTest, WhatLiesOutsideTheOthersScopeIsKeptBackBeforeAllElse) {
  v1::SubmitClueRequest elsewhere = ValidRequest(1);
  elsewhere.mutable_clue()->set_region_code("330102");
  const std::string id = AlertOf(elsewhere);
  ASSERT_TRUE(AskFor("example-monitor-enforcement", id).ok());
  EXPECT_FALSE(answer_.told());
  EXPECT_THAT(Steps(), ElementsAre("SCOPE KEPT_BACK"));
  ASSERT_TRUE(AskFor("example-monitor", id).ok());
  EXPECT_TRUE(answer_.told());
}

TEST_F(DeliveryOthersTest, WhoWatchesNoAlertsIsUnfit) {
  const std::string id = AlertOf(1);
  for (const char* const principal : {"example-partner", "example-operator", "nobody-at-all"}) {
    const grpc::Status status = AskFor(principal, id);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << principal;
    EXPECT_EQ(ReasonOf(status), "RECEIVER_UNFIT") << principal;
  }
}

TEST_F(DeliveryOthersTest, ASubscriptionIsLookedForAmongTheOthersOwn) {
  auto subscriptions = v1::SubscriptionService::NewStub(server_.channel());
  ASSERT_TRUE(CreateSubscription(*subscriptions, "night").ok());
  const std::string id = AlertOf(1);
  EXPECT_EQ(LastOf(id, "night"), "ACKNOWLEDGEMENT WAITS");
  EXPECT_EQ(ReasonOf(AskFor("example-handler", id, "night")), "SUBSCRIPTION_NOT_FOUND");
}

// What one of its consumers has acknowledged beyond the place that all have reached.
TEST_F(DeliveryOthersTest, OfASharedSubscriptionEachAcknowledgementCountsByItself) {
  v1::CreateSubscriptionRequest create;
  create.mutable_subscription()->set_name("desk");
  create.mutable_subscription()->set_mode(v1::SUBSCRIPTION_MODE_SHARED);
  create.set_start_from(v1::START_FROM_EARLIEST);
  v1::CreateSubscriptionResponse created;
  auto subscriptions = v1::SubscriptionService::NewStub(server_.channel());
  ASSERT_TRUE(
      subscriptions->CreateSubscription(Context(kMonitorToken).get(), create, &created).ok());
  for (int number = 1; number <= 3; ++number) AlertOf(number);
  v1::OpenConsumption open;
  open.set_subscription("desk");
  open.set_share(true);
  open.mutable_window()->set_alerts(10);
  Consumption consumer(server_.channel(), open);
  const auto told = consumer.Next(3);
  ASSERT_EQ(told.size(), 3u);
  ASSERT_TRUE(consumer.Acknowledge(0, {told[1].number}));
  while (consumer.kept_singles().empty()) ASSERT_TRUE(consumer.NextMessage().has_value());
  EXPECT_EQ(LastOf(told[0].update.alert().id(), "desk"), "ACKNOWLEDGEMENT WAITS");
  EXPECT_EQ(LastOf(told[1].update.alert().id(), "desk"), "ACKNOWLEDGEMENT PASSES");
  EXPECT_EQ(LastOf(told[2].update.alert().id(), "desk"), "ACKNOWLEDGEMENT WAITS");
}

}  // namespace
}  // namespace supervision::testing
