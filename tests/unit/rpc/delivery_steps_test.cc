// What is said of an alert's way, by what was found out about it.
#include "services/rpc/delivery_steps.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kMade = absl::FromUnixSeconds(1'790'000'000);
const absl::Time kRaised = kMade + absl::Minutes(10);

// Of an alert that does not lie behind the place of a subscription.
v1::DeliveryStep Acknowledgement(const std::function<void(ledger::Subscription&)>& change,
                                 bool gap = false) {
  domain::Alert alert;
  alert.raised_at = kRaised;
  ledger::Subscription subscription;
  subscription.version = 1;
  subscription.created_at = kMade;
  subscription.filter_since = kMade;
  change(subscription);
  alerting::Lag lag;
  lag.gap = gap;
  v1::ExplainDeliveryResponse answer;
  AddAcknowledgement(alert, subscription, lag, &answer);
  return answer.steps(0);
}

// Of an alert that silences of these receivers hid when it was told, and hide now.
v1::ExplainDeliveryResponse Silenced(const std::vector<std::string>& then,
                                     const std::vector<std::string>& now) {
  AlertAndNow both;
  if (!then.empty()) both.as_told.facets.silences = {{"z1", then}};
  both.now.facets.silences = both.as_told.facets.silences;
  if (!now.empty()) both.now.facets.silences.push_back({"z2", now});
  const RouteView routes = [](const std::string&) { return RouteNow(); };
  v1::ExplainDeliveryResponse answer;
  answer.set_told(AddSteps(both, "wang", {}, {}, routes, &answer));
  return answer;
}

TEST(DeliveryStepsTest, ASilenceThatHidTheVersionKeepsItBack) {
  const v1::ExplainDeliveryResponse answer = Silenced({"wang"}, {"wang"});
  EXPECT_FALSE(answer.told());
  EXPECT_EQ(answer.steps(2).outcome(), v1::DELIVERY_OUTCOME_KEPT_BACK);
  EXPECT_THAT(answer.steps(2).silence_ids(), ElementsAre("z1"));
}

TEST(DeliveryStepsTest, ASilenceThatWasMadeSinceKeepsNothingBackAndIsNamed) {
  const v1::ExplainDeliveryResponse answer = Silenced({"li"}, {"wang"});
  EXPECT_TRUE(answer.told());
  EXPECT_EQ(answer.steps(2).outcome(), v1::DELIVERY_OUTCOME_PASSES);
  EXPECT_THAT(answer.steps(2).text_en(), HasSubstr("made since"));
  EXPECT_THAT(answer.steps(2).silence_ids(), ElementsAre("z2"));
}

TEST(DeliveryStepsTest, SilencesOfOthersSayNothing) {
  const v1::ExplainDeliveryResponse answer = Silenced({"li"}, {"li"});
  EXPECT_TRUE(answer.told());
  EXPECT_THAT(answer.steps(2).text_en(), HasSubstr("No silence hides it"));
  EXPECT_THAT(answer.steps(2).silence_ids(), IsEmpty());
}

TEST(AcknowledgementTest, WhatLiesBehindThePlaceAndMetTheFilterIsAcknowledged) {
  EXPECT_EQ(Acknowledgement([](auto&) {}).outcome(), v1::DELIVERY_OUTCOME_PASSES);
  EXPECT_EQ(Acknowledgement([](auto& s) {
              s.version = 2;
              s.filter_since = kRaised - absl::Seconds(1);
            }).outcome(),
            v1::DELIVERY_OUTCOME_PASSES);
}

TEST(AcknowledgementTest, WhatAnotherFilterMayHavePassedOverIsNotSaidToBeAcknowledged) {
  const auto changed =
      Acknowledgement([](auto& s) { s.filter_since = kRaised + absl::Seconds(1); });
  EXPECT_EQ(changed.outcome(), v1::DELIVERY_OUTCOME_UNKNOWN);
  EXPECT_THAT(changed.text_en(), HasSubstr("filter"));
  // An older release does not say when.
  EXPECT_EQ(Acknowledgement([](auto& s) {
              s.version = 2;
              s.filter_since.reset();
            }).outcome(),
            v1::DELIVERY_OUTCOME_UNKNOWN);
  EXPECT_EQ(Acknowledgement([](auto& s) { s.filter_since.reset(); }).outcome(),
            v1::DELIVERY_OUTCOME_PASSES);
}

TEST(AcknowledgementTest, WhereHistoryBehindThePlaceIsGoneNothingIsSaidToBeAcknowledged) {
  const auto gone = Acknowledgement([](auto&) {}, true);
  EXPECT_EQ(gone.outcome(), v1::DELIVERY_OUTCOME_UNKNOWN);
  EXPECT_THAT(gone.text_en(), HasSubstr("is gone"));
}

}  // namespace
}  // namespace supervision::rpc
