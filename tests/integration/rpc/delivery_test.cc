// Why one was told of an alert, or not, on a real service.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "supervision/v1/delivery_service.grpc.pb.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "tests/integration/rpc/consume_client.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;

class DeliveryTest : public ::testing::Test {
 protected:
  std::string AlertOf(int number) {
    const Submitted submitted = Submit(*clues_, ValidRequest(number));
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt.alert_id();
  }
  grpc::Status Ask(const v1::ExplainDeliveryRequest& request,
                   const std::string& token = kMonitorToken) {
    answer_.Clear();
    return stub_->ExplainDelivery(Context(token).get(), request, &answer_);
  }
  v1::ExplainDeliveryRequest About(const std::string& alert_id) {
    v1::ExplainDeliveryRequest request;
    request.set_alert_id(alert_id);
    return request;
  }
  // "SCOPE PASSES", …
  std::vector<std::string> Steps() {
    std::vector<std::string> steps;
    for (const v1::DeliveryStep& step : answer_.steps()) {
      steps.push_back(v1::DeliveryQuestion_Name(step.question()).substr(18) + " " +
                      v1::DeliveryOutcome_Name(step.outcome()).substr(17));
    }
    return steps;
  }

  TestServer server_;
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(server_.channel());
  std::unique_ptr<v1::DeliveryService::Stub> stub_ =
      v1::DeliveryService::NewStub(server_.channel());
  v1::ExplainDeliveryResponse answer_;
};

TEST_F(DeliveryTest, SaysWhatKeepsAnAlertBack) {
  const std::string id = AlertOf(1);
  ASSERT_TRUE(Ask(About(id)).ok());
  EXPECT_TRUE(answer_.told());
  EXPECT_THAT(Steps(),
              ElementsAre("SCOPE PASSES", "FILTER PASSES", "SILENCE PASSES", "DELIVERY PASSES"));

  v1::ExplainDeliveryRequest filtered = About(id);
  filtered.mutable_filter()->set_region_prefix("11");
  ASSERT_TRUE(Ask(filtered).ok());
  EXPECT_FALSE(answer_.told());
  EXPECT_THAT(Steps(), ElementsAre("SCOPE PASSES", "FILTER KEPT_BACK"));

  v1::CreateSilenceRequest silence;
  v1::CreateSilenceResponse made;
  silence.set_alert_id(id);
  silence.set_reason("已知悉");
  silence.mutable_duration()->set_seconds(600);
  auto silences = v1::SilenceService::NewStub(server_.channel());
  ASSERT_TRUE(silences->CreateSilence(Context(kMonitorToken).get(), silence, &made).ok());
  ASSERT_TRUE(Ask(About(id)).ok());
  EXPECT_FALSE(answer_.told());
  EXPECT_THAT(Steps(), ElementsAre("SCOPE PASSES", "FILTER PASSES", "SILENCE KEPT_BACK"));
  EXPECT_THAT(answer_.steps(2).silence_ids(), ElementsAre(made.silence().id()));
  ASSERT_TRUE(Ask(About(id), kHandlerToken).ok());
  EXPECT_TRUE(answer_.told());
}

TEST_F(DeliveryTest, KnowsThePlaceInASubscriptionsQueue) {
  auto subscriptions = v1::SubscriptionService::NewStub(server_.channel());
  ASSERT_TRUE(CreateSubscription(*subscriptions, "night").ok());
  AlertOf(1);
  const std::string second = AlertOf(2);
  v1::ExplainDeliveryRequest request = About(second);
  request.set_subscription("night");
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_EQ(Steps().back(), "ACKNOWLEDGEMENT WAITS");
  EXPECT_EQ(answer_.steps().rbegin()->ahead(), 1);
  {
    Consumption consumption(server_.channel(), "night");
    ASSERT_EQ(consumption.Next(2).size(), 2u);
    ASSERT_TRUE(consumption.Acknowledge(2));
    ASSERT_TRUE(consumption.WaitKept(2));
  }
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_EQ(Steps().back(), "ACKNOWLEDGEMENT PASSES");
  request.set_subscription("day");
  EXPECT_EQ(ReasonOf(Ask(request)), "SUBSCRIPTION_NOT_FOUND");
}

TEST_F(DeliveryTest, OnlySupervisorsAskForOthersAndNobodyForWhatItDoesNotSee) {
  v1::ExplainDeliveryRequest request = About(AlertOf(1));
  request.set_principal("somebody");
  EXPECT_EQ(ReasonOf(Ask(request)), "PERMISSION_DENIED");
  EXPECT_EQ(ReasonOf(Ask(About("a00ffffffffffffffffffffffffffffffff"))), "ALERT_NOT_FOUND");
}

}  // namespace
}  // namespace supervision::testing
