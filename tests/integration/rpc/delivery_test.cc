// Why one was told of an alert, or not, on a real service.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/integration/rpc/delivery_asking.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DeliveryTest : public ::testing::Test, protected DeliveryAsking {};

TEST_F(DeliveryTest, SaysWhatKeepsAnAlertBack) {
  const Submitted submitted = Submit(*clues_, ValidRequest(1));
  const std::string id = submitted.receipt.alert_id();
  ASSERT_TRUE(Ask(About(id)).ok());
  EXPECT_TRUE(answer_.told());
  EXPECT_THAT(Steps(), ElementsAre("SCOPE PASSES", "FILTER PASSES", "SILENCE PASSES",
                                   "ROUTE PASSES", "DELIVERY PASSES"));
  EXPECT_THAT(answer_.steps(3).text_en(), HasSubstr("no route raised it"));

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
  // It was told before: streams and replays go on telling it.
  ASSERT_TRUE(Ask(About(id)).ok());
  EXPECT_TRUE(answer_.told());
  EXPECT_EQ(Steps()[2], "SILENCE PASSES");
  EXPECT_THAT(answer_.steps(2).text_en(), HasSubstr("made since"));
  EXPECT_THAT(answer_.steps(2).silence_ids(), ElementsAre(made.silence().id()));
  EXPECT_THAT(answer_.alert().silenced_by(), ElementsAre(made.silence().id()));
  Watcher replay(server_.channel(), FromEarliest());
  ASSERT_EQ(replay.Next(1).size(), 1u);

  v1::ReviseClueRequest revise;
  v1::ReviseClueResponse revised;
  revise.set_request_id("revise-1");
  revise.set_clue_id(submitted.receipt.clue_id());
  revise.set_etag(submitted.receipt.etag());
  *revise.mutable_clue() = ValidClue(1);
  revise.mutable_clue()->set_region_code("330102");
  ASSERT_TRUE(clues_->ReviseClue(Context(kPartnerToken).get(), revise, &revised).ok());
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

// What the filter of then passed over lies behind the place like what was acknowledged.
TEST_F(DeliveryTest, DoesNotTakeForAcknowledgedWhatWasRaisedBeforeTheFilterWasChanged) {
  auto subscriptions = v1::SubscriptionService::NewStub(server_.channel());
  v1::CreateSubscriptionRequest create;
  v1::CreateSubscriptionResponse created;
  create.mutable_subscription()->set_name("night");
  create.mutable_subscription()->mutable_filter()->set_region_prefix("11");
  ASSERT_TRUE(
      subscriptions->CreateSubscription(Context(kMonitorToken).get(), create, &created).ok());
  const std::string passed_over = AlertOf(1);
  const auto change = [&](const auto& set) {
    v1::GetSubscriptionResponse found;
    ASSERT_TRUE(GetSubscription(*subscriptions, "night", &found).ok());
    v1::UpdateSubscriptionRequest update;
    v1::UpdateSubscriptionResponse updated;
    update.set_name("night");
    update.set_etag(found.subscription().etag());
    set(&update);
    ASSERT_TRUE(
        subscriptions->UpdateSubscription(Context(kMonitorToken).get(), update, &updated).ok());
  };
  {
    Consumption consumption(server_.channel(), "night");
    ASSERT_TRUE(consumption.NextMessage().has_value());
    ASSERT_TRUE(Eventually([&] {  // the place has moved over it
      v1::GetSubscriptionResponse found;
      return GetSubscription(*subscriptions, "night", &found).ok() &&
             found.subscription().has_acknowledged_at();
    }));
  }
  change([](auto* update) { update->mutable_filter()->set_region_prefix("33"); });
  const std::string told = AlertOf(2);
  change([](auto* update) { update->mutable_retention()->set_seconds(86'400); });
  {
    Consumption consumption(server_.channel(), "night");
    ASSERT_EQ(consumption.Next(1).size(), 1u);
    ASSERT_TRUE(consumption.Acknowledge(1));
    ASSERT_TRUE(consumption.WaitKept(1));
  }
  v1::ExplainDeliveryRequest request = About(told);
  request.set_subscription("night");
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_EQ(Steps().back(), "ACKNOWLEDGEMENT PASSES") << "a change of the retention is none";
  request.set_alert_id(passed_over);
  ASSERT_TRUE(Ask(request).ok());
  EXPECT_EQ(Steps().back(), "ACKNOWLEDGEMENT UNKNOWN");
  EXPECT_THAT(answer_.steps().rbegin()->text_en(), HasSubstr("filter"));
}

TEST_F(DeliveryTest, OnlySupervisorsAskForOthersAndNobodyForWhatItDoesNotSee) {
  v1::ExplainDeliveryRequest request = About(AlertOf(1));
  request.set_principal("somebody");
  EXPECT_EQ(ReasonOf(Ask(request)), "PERMISSION_DENIED");
  EXPECT_EQ(ReasonOf(Ask(About("a00ffffffffffffffffffffffffffffffff"))), "ALERT_NOT_FOUND");
}

// Two clues about one unit make the route's alert; the files say what has become of the route.
TEST(DeliveryOfRoutesTest, SaysWhichRouteRaisedAnAlertAndWhetherItIsStillOn) {
  const TempDir place;
  const std::string routes = place.path() + "/routes.yaml";
  const auto write = [&](const std::string& id, const std::string& enabled) {
    Replace(routes,
            "version: \"" + id + enabled + "\"\nroutes:\n  - id: " + id +
                "\n    enabled: " + enabled +
                "\n    title_zh: 同一单位多条线索\n    title_en: several clues about one unit"
                "\n    by: [UNIT]\n    threshold: {at_least: 2, window: 1d}\n");
  };
  write("pairs", "true");
  // Routes are looked at whatever stands there, which is about rules.
  DeliveryAsking asking({.flags = {"--files.routes=" + routes, "--reload.watch=false"}});
  ASSERT_TRUE(Eventually([&] { return asking.server_.Metric("supervision_routes_holding") == 1; }));
  Watcher watcher(asking.server_.channel(), FromEarliest());
  asking.AlertOf(1);
  asking.AlertOf(2);
  const std::vector<v1::AlertUpdate> told = watcher.Next(3);
  ASSERT_EQ(told.size(), 3u);
  ASSERT_EQ(told[2].alert().group().route(), "pairs");
  const v1::ExplainDeliveryRequest request = asking.About(told[2].alert().id());
  const auto text = [&] {
    EXPECT_TRUE(asking.Ask(request).ok());
    return asking.answer_.steps_size() > 3 ? asking.answer_.steps(3).text_en() : "";
  };
  const std::string on = text();
  EXPECT_THAT(asking.Steps(), ElementsAre("SCOPE PASSES", "FILTER PASSES", "SILENCE PASSES",
                                          "ROUTE PASSES", "DELIVERY PASSES"));
  for (const char* const words : {"route pairs", "several clues about one unit",
                                  "unit = 某镇综合执法队", "about 2 clues", "The route is on."}) {
    EXPECT_THAT(on, HasSubstr(words));
  }
  EXPECT_THAT(asking.answer_.steps(3).text_zh(), HasSubstr("该规则现已启用"));
  write("pairs", "false");
  EXPECT_TRUE(Eventually([&] { return text().find("is off now") != std::string::npos; }));
  write("others", "true");
  EXPECT_TRUE(Eventually([&] { return text().find("there no longer") != std::string::npos; }));
}

}  // namespace
}  // namespace supervision::testing
