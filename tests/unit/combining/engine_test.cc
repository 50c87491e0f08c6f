#include "services/combining/engine.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EngineTest : public ::testing::Test {
 protected:
  void Begin(Route route, std::map<std::string, absl::Time> starts = {}) {
    engine_ = std::make_unique<Engine>(Only(std::move(route)), std::move(starts));
    engine_->GoLive({});
  }
  void Take(const domain::ChangeEvent& event) { engine_->Take(0, ++position_, event); }
  std::vector<Firing> Due(absl::Duration at) { return engine_->Due(kBegin + at); }

  std::unique_ptr<Engine> engine_;
  int64_t position_ = 0;
};

TEST_F(EngineTest, TheClueThatReachesTheThresholdTellsAndNoOther) {
  Begin(UnitThreshold(3, absl::Hours(24)));
  Take(ClueEvent("a", absl::Hours(1)));
  Take(ClueEvent("b", absl::Hours(2)));
  Take(ClueEvent("x", absl::Hours(2), "乙局"));
  EXPECT_THAT(Due(absl::Hours(3)), IsEmpty());
  Take(ClueEvent("c", absl::Hours(3)));
  const std::vector<Firing> told = Due(absl::Hours(3));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "c");
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("c", "b", "a"));
  EXPECT_EQ(told[0].alert.facets.unit.name, "甲局");
  Take(ClueEvent("d", absl::Hours(4)));
  EXPECT_THAT(Due(absl::Hours(5)), IsEmpty());
}

domain::ChangeEvent OfOrgan(domain::ChangeEvent event, const std::string& name,
                            const std::string& credit_code) {
  event.alert.facets.unit = {name, credit_code};
  return event;
}

TEST_F(EngineTest, AnOrganIsKnownByItsCreditCodeAndShownByTheNameInTheNewestClue) {
  Begin(UnitThreshold(2, absl::Hours(24)));
  Take(OfOrgan(ClueEvent("a", absl::Hours(1)), "甲县城管局", "91350100M000100Y43"));
  Take(OfOrgan(ClueEvent("b", absl::Hours(2)), "甲县城市管理局", "91350100M000100Y43"));
  const std::vector<Firing> told = Due(absl::Hours(3));
  ASSERT_THAT(told, SizeIs(1));
  ASSERT_THAT(told[0].alert.group->key, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->key[0].value, "甲县城市管理局");
  EXPECT_EQ(told[0].alert.facets.unit.credit_code, "91350100M000100Y43");
}

TEST_F(EngineTest, TwoOrgansOfOneNameAreTwoWhereTheyHaveCreditCodes) {
  Begin(UnitThreshold(2, absl::Hours(24)));
  Take(OfOrgan(ClueEvent("a", absl::Hours(1)), "城管局", "91350100M000100Y43"));
  Take(OfOrgan(ClueEvent("b", absl::Hours(2)), "城管局", "91350100M000200Y44"));
  EXPECT_THAT(Due(absl::Hours(3)), IsEmpty());
  Take(OfOrgan(ClueEvent("c", absl::Hours(3)), "", "91350100M000200Y44"));
  const std::vector<Firing> told = Due(absl::Hours(3));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->key[0].value, "91350100M000200Y44");
}

TEST_F(EngineTest, AClueOutsideTheWindowDoesNotCount) {
  Begin(UnitThreshold(3, absl::Hours(24)));
  Take(ClueEvent("a", absl::Hours(0)));
  Take(ClueEvent("b", absl::Hours(2)));
  Take(ClueEvent("c", absl::Hours(24)));
  EXPECT_THAT(Due(absl::Hours(30)), IsEmpty());
}

TEST_F(EngineTest, AClueTwiceChangedCountsOnce) {
  Begin(UnitThreshold(2, absl::Hours(24)));
  Take(ClueEvent("a", absl::Hours(1)));
  domain::ChangeEvent revised = ClueEvent("a", absl::Hours(2));
  revised.alert.version = 2;
  revised.alert.kind = domain::AlertKind::kClueRevised;
  Take(revised);
  domain::ChangeEvent step = revised;
  step.alert.version = 3;
  step.alert.kind = domain::AlertKind::kAcknowledged;
  Take(step);
  EXPECT_THAT(Due(absl::Hours(3)), IsEmpty());
}

TEST_F(EngineTest, WhatIsBeforeTheRoutesStartCountsButMakesNothingDue) {
  Begin(UnitThreshold(2, absl::Hours(24)), {{"unit", kBegin + absl::Hours(5)}});
  Take(ClueEvent("a", absl::Hours(1)));
  Take(ClueEvent("b", absl::Hours(2)));
  EXPECT_THAT(Due(absl::Hours(4)), IsEmpty());
  Take(ClueEvent("c", absl::Hours(6)));
  const std::vector<Firing> told = Due(absl::Hours(6));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 3);
}

TEST_F(EngineTest, AGroupIsToldAfterItsWaitAndThenAtItsInterval) {
  Begin(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24)));
  Take(ClueEvent("a", absl::Minutes(0)));
  Take(ClueEvent("b", absl::Minutes(5)));
  EXPECT_THAT(Due(absl::Minutes(9)), IsEmpty());
  std::vector<Firing> told = Due(absl::Minutes(10));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 1u);
  EXPECT_EQ(told[0].alert.group->total, 2);
  Take(ClueEvent("c", absl::Minutes(12)));
  EXPECT_THAT(Due(absl::Minutes(60)), IsEmpty());
  told = Due(absl::Minutes(70));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_EQ(told[0].alert.group->total, 3);
  EXPECT_EQ(told[0].trigger, "a");
}

TEST_F(EngineTest, AfterAnIdleTimeTheNextClueBeginsAnotherGroup) {
  Begin(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(2)));
  Take(ClueEvent("a", absl::Hours(0)));
  Take(ClueEvent("b", absl::Hours(0)));
  ASSERT_THAT(Due(absl::Hours(1)), SizeIs(1));
  Take(ClueEvent("c", absl::Hours(5)));
  Take(ClueEvent("d", absl::Hours(5)));
  const std::vector<Firing> told = Due(absl::Hours(6));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 1u);
  EXPECT_EQ(told[0].trigger, "c");
  EXPECT_EQ(told[0].alert.group->total, 2);
}

domain::ChangeEvent Corrected(domain::ChangeEvent event, absl::Duration after,
                              const std::string& unit = "甲局") {
  event = Later(std::move(event), domain::AlertKind::kReclassified, after);
  event.alert.facets.unit.name = unit;
  return event;
}

domain::ChangeEvent Withdrawn(domain::ChangeEvent event, absl::Duration after) {
  return Later(std::move(event), domain::AlertKind::kClueWithdrawn, after);
}

TEST_F(EngineTest, AnOldClueThatIsCorrectedIntoAGroupTellsNothingOfLongAgoAgain) {
  Begin(UnitThreshold(3, absl::Hours(24)));
  const domain::ChangeEvent x = ClueEvent("x", absl::Hours(0), "乙局");
  Take(x);
  Take(ClueEvent("a", absl::Hours(1)));
  Take(ClueEvent("b", absl::Hours(2)));
  Take(ClueEvent("c", absl::Hours(3)));
  ASSERT_THAT(Due(absl::Hours(3)), SizeIs(1));
  Take(Corrected(x, absl::Hours(60)));
  EXPECT_THAT(Due(absl::Hours(61)), IsEmpty());
}

TEST_F(EngineTest, WhatIsToldOfAWindowLiesInTheTimeBeforeItIsTold) {
  Begin(UnitThreshold(3, absl::Hours(24)));
  const domain::ChangeEvent x = ClueEvent("x", absl::Hours(10), "乙局");
  Take(ClueEvent("a", absl::Hours(1)));
  Take(x);
  Take(ClueEvent("b", absl::Hours(11)));
  Take(Corrected(x, absl::Hours(20)));
  EXPECT_THAT(Due(absl::Hours(30)), IsEmpty()) << "30 hours after the first";
  const domain::ChangeEvent y = ClueEvent("y", absl::Hours(31), "乙局");
  Take(y);
  Take(Corrected(y, absl::Hours(1)));
  const std::vector<Firing> told = Due(absl::Hours(32));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("y", "b", "x"));
}

TEST_F(EngineTest, AClueThatACorrectionBringsToARunningGroupIsNamedAndCounted) {
  Begin(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24)));
  const domain::ChangeEvent x = ClueEvent("x", absl::Minutes(0), "乙局");
  Take(x);
  Take(ClueEvent("a", absl::Minutes(1)));
  Take(Corrected(x, absl::Minutes(5)));
  const std::vector<Firing> told = Due(absl::Minutes(11));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 2);
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("a", "x"));
  EXPECT_EQ(told[0].alert.group->from, kBegin);
}

TEST_F(EngineTest, AClueThatACorrectionBroughtAndTookAwayIsNotCounted) {
  Begin(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24)));
  const domain::ChangeEvent x = ClueEvent("x", absl::Minutes(0), "乙局");
  Take(x);
  Take(ClueEvent("a", absl::Minutes(1)));
  Take(Corrected(x, absl::Minutes(5)));
  Take(Corrected(x, absl::Minutes(6), "乙局"));
  EXPECT_THAT(Due(absl::Minutes(11)), IsEmpty()) << "one is none together";
  Take(ClueEvent("b", absl::Minutes(20)));
  const std::vector<Firing> told = Due(absl::Minutes(20));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 2);
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("b", "a"));
}

// Whose facets are not of them: whoever sees the second need not be allowed to see the first.
TEST_F(EngineTest, AGroupThatACorrectedClueBeginsHasNothingOfTheOneThatWasToldBefore) {
  auto routes = std::make_shared<RouteSet>(
      *Only(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24))));
  routes->routes.push_back(UnitThreshold(100, absl::Hours(24 * 30)));
  engine_ = std::make_unique<Engine>(routes, std::map<std::string, absl::Time>());
  engine_->GoLive({});
  const auto of_town = [](domain::ChangeEvent event, const std::string& town, domain::Risk risk) {
    event.alert.facets.region_code = town;
    event.alert.facets.risk = risk;
    return event;
  };
  const auto x = of_town(ClueEvent("x", absl::Hours(0), "乙局"), "330424002", domain::Risk::kLow);
  Take(x);
  Take(of_town(ClueEvent("a", absl::Hours(40)), "330424001", domain::Risk::kHigh));
  Take(of_town(ClueEvent("b", absl::Hours(40)), "330424001", domain::Risk::kLow));
  ASSERT_THAT(Due(absl::Hours(41)), SizeIs(1));
  Take(Corrected(x, absl::Hours(90)));
  Take(of_town(ClueEvent("y", absl::Hours(91)), "330424002", domain::Risk::kLow));
  const std::vector<Firing> told = Due(absl::Hours(92));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 1u);
  EXPECT_EQ(told[0].alert.facets.region_code, "330424002");
  EXPECT_EQ(told[0].alert.facets.risk, domain::Risk::kLow);
  EXPECT_EQ(told[0].alert.group->total, 2);
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("y", "x"));
}

TEST_F(EngineTest, WhatIsNewOfAGroupIsCountedThoughOthersHaveLeftIt) {
  Begin(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24)));
  const domain::ChangeEvent a = ClueEvent("a", absl::Minutes(0));
  Take(a);
  Take(ClueEvent("b", absl::Minutes(1)));
  Take(ClueEvent("c", absl::Minutes(2)));
  ASSERT_THAT(Due(absl::Minutes(10)), SizeIs(1));
  Take(Withdrawn(a, absl::Minutes(20)));
  Take(ClueEvent("d", absl::Minutes(30)));
  Take(ClueEvent("e", absl::Minutes(31)));
  std::vector<Firing> told = Due(absl::Minutes(70));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->arithmetic_zh, HasSubstr("共4条线索，本次新增2条"));
  const domain::ChangeEvent f = ClueEvent("f", absl::Minutes(80));
  Take(f);
  Take(Withdrawn(f, absl::Minutes(1)));
  EXPECT_THAT(Due(absl::Hours(9)), IsEmpty()) << "nothing is new of it";
}

TEST_F(EngineTest, AGroupThatLostAllItsCluesIsForgotten) {
  Begin(UnitThreshold(2, absl::Hours(24)));
  for (int i = 0; i < 1000; ++i) {
    const domain::ChangeEvent clue =
        ClueEvent("c" + std::to_string(i), absl::Seconds(i), std::to_string(i));
    Take(clue);
    Take(Withdrawn(clue, absl::Milliseconds(1)));
  }
  Take(ClueEvent("last", absl::Hours(1)));
  EXPECT_EQ(engine_->groups(), 1u);
}

TEST_F(EngineTest, AGroupThatLostAllItsCluesIsForgottenOnceItIsSilentNoMore) {
  Begin(UnitThreshold(2, absl::Hours(24)));
  const domain::ChangeEvent a = ClueEvent("a", absl::Hours(0));
  const domain::ChangeEvent b = ClueEvent("b", absl::Hours(0));
  Take(a);
  Take(b);
  ASSERT_THAT(Due(absl::Hours(1)), SizeIs(1));
  Take(Withdrawn(a, absl::Hours(1)));
  Take(Withdrawn(b, absl::Hours(1)));
  Take(ClueEvent("c", absl::Hours(2)));
  Take(ClueEvent("d", absl::Hours(3)));
  EXPECT_THAT(Due(absl::Hours(3)), IsEmpty()) << "it is silent";
  Take(Withdrawn(ClueEvent("c", absl::Hours(2)), absl::Hours(2)));
  Take(Withdrawn(ClueEvent("d", absl::Hours(3)), absl::Hours(2)));
  EXPECT_EQ(engine_->groups(), 1u);
  Take(ClueEvent("x", absl::Hours(25), "乙局"));
  EXPECT_EQ(engine_->groups(), 1u) << "that of x";
}

TEST_F(EngineTest, AGroupThatLostAllItsCluesGoesOnWithTheNextThatBelongsToIt) {
  Begin(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2)));
  const domain::ChangeEvent a = ClueEvent("a", absl::Hours(0));
  const domain::ChangeEvent b = ClueEvent("b", absl::Hours(0));
  Take(a);
  Take(b);
  ASSERT_THAT(Due(absl::Hours(1)), SizeIs(1));
  Take(Withdrawn(a, absl::Hours(1)));
  Take(Withdrawn(b, absl::Hours(1)));
  Take(ClueEvent("x", absl::Minutes(70), "乙局"));
  Take(ClueEvent("c", absl::Minutes(90)));
  EXPECT_THAT(Due(absl::Minutes(90)), IsEmpty()) << "one is none together";
  Take(ClueEvent("d", absl::Minutes(91)));
  const std::vector<Firing> told = Due(absl::Minutes(91));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_EQ(told[0].trigger, "a");
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("d", "c"));
}

TEST_F(EngineTest, AnOrganIsOneUnitThoughOnePartnerGivesItsCodeAndAnotherDoesNot) {
  Route route = UnitThreshold(3, absl::Hours(24));
  route.by = {GroupBy::kScenario};
  std::get<ThresholdRule>(route.rule).distinct = GroupBy::kUnit;
  Begin(route);
  Take(ClueEvent("a", absl::Hours(1), "甲县城管局"));
  Take(OfOrgan(ClueEvent("b", absl::Hours(2)), "甲县城管局", "91350100M000100Y43"));
  Take(ClueEvent("c", absl::Hours(3), "乙县应急局"));
  EXPECT_THAT(Due(absl::Hours(3)), IsEmpty());
  Take(ClueEvent("d", absl::Hours(4), "丙县应急局"));
  const std::vector<Firing> told = Due(absl::Hours(4));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->measured, 3);
}

TEST_F(EngineTest, OldCluesAreForgotten) {
  Begin(UnitThreshold(100, absl::Hours(1)));
  for (int i = 0; i < 1000; ++i) {
    Take(ClueEvent("c" + std::to_string(i), absl::Minutes(10 * i), std::to_string(i % 7)));
  }
  EXPECT_LE(engine_->clues(), 7u);
  EXPECT_LE(engine_->groups(), 8u);
}

}  // namespace
}  // namespace supervision::combining
