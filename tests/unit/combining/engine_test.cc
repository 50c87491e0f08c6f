#include "services/combining/engine.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using ::testing::ElementsAre;
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
