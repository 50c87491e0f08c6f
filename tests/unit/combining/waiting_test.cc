// What waits longer than the routes reach back, for offices to open or for a group to be large
// enough, when owners of the routes die meanwhile.
#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/combining/engine.h"
#include "services/domain/civil_date.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// As a duration from kBegin, in which the events of these tests are told.
absl::Duration At(absl::CivilMinute minute) {
  return absl::FromCivil(minute, domain::ChinaTime()) - kBegin;
}
const absl::Duration kFridayEvening = At(absl::CivilMinute(2026, 9, 18, 18, 0));
const absl::Duration kMondayMorning = At(absl::CivilMinute(2026, 9, 21, 8, 30));

Route InOfficeHours(Route route) {
  route.times = Times::kOfficeHours;
  return route;
}

// An owner of the routes after the other, as the follower has them.
class WaitingTest : public ::testing::Test {
 protected:
  void Begin(Route route) {
    routes_ = Only(std::move(route));
    engine_ = std::make_unique<Engine>(routes_, std::map<std::string, absl::Time>());
    engine_->GoLive({});
  }
  void Take(domain::ChangeEvent event) {
    log_.push_back(std::move(event));
    engine_->Take(0, static_cast<int64_t>(log_.size()), log_.back());
  }
  // What is told then, into the log.
  std::vector<Firing> Tell(absl::Duration at) {
    std::vector<Firing> told = engine_->Due(kBegin + at);
    for (const Firing& firing : told) Take(ToldEvent(firing, kBegin + at));
    return told;
  }
  // The owner leaves its place and dies; the next begins to read where that says.
  void TakeOver(absl::Duration at) {
    const absl::Time from = std::min(kBegin + at, engine_->UntoldSince()) - ReachOf(*routes_);
    const int64_t settled =
        engine_->Unsettled(0).value_or(static_cast<int64_t>(log_.size()) + 1) - 1;
    engine_ = std::make_unique<Engine>(routes_, std::map<std::string, absl::Time>());
    for (size_t i = 0; i < log_.size(); ++i) {
      if (log_[i].alert.raised_at < from) continue;
      engine_->Take(0, static_cast<int64_t>(i) + 1, log_[i]);
    }
    engine_->GoLive({settled});
  }
  // Again and again, with nothing due.
  void TakeOverUntil(absl::Duration from, absl::Duration until) {
    for (absl::Duration at = from; at < until; at += absl::Hours(5)) {
      ASSERT_THAT(Tell(at), IsEmpty());
      TakeOver(at);
    }
  }

  // Told on the Saturday, by whoever holds the routes then, with the HIGH; and nothing afterwards.
  void ExpectToldOnSaturday(absl::Duration saturday, int64_t total) {
    TakeOver(saturday);
    const std::vector<Firing> told = Tell(saturday);
    ASSERT_THAT(told, SizeIs(1));
    EXPECT_EQ(told[0].tell_at, kBegin + saturday);
    EXPECT_EQ(told[0].alert.facets.risk, domain::Risk::kHigh);
    EXPECT_EQ(told[0].alert.group->total, total);
    EXPECT_THAT(Tell(kMondayMorning + absl::Hours(1)), IsEmpty()) << "once";
    TakeOver(kMondayMorning + absl::Hours(1));
    EXPECT_THAT(Tell(kMondayMorning + absl::Hours(2)), IsEmpty()) << "once";
  }

  std::shared_ptr<const RouteSet> routes_;
  std::unique_ptr<Engine> engine_;
  std::vector<domain::ChangeEvent> log_;
};

domain::ChangeEvent High(domain::ChangeEvent event) {
  event.alert.facets.risk = domain::Risk::kHigh;
  return event;
}

TEST_F(WaitingTest, AGroupOfAFridayEveningIsToldOnMondayWithAllOfIt) {
  Begin(InOfficeHours(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2))));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("x", kFridayEvening + absl::Hours(30), "乙局"));
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, SizeIs(2));
  // Then it is forgotten.
  Take(ClueEvent("y", kMondayMorning + absl::Hours(3), "乙局"));
  EXPECT_EQ(engine_->clues(), 1u);
  EXPECT_EQ(engine_->groups(), 1u);
}

TEST_F(WaitingTest, AGroupOfAFridayEveningIsToldOnMondayByWhoeverHoldsTheRoutesThen) {
  Begin(InOfficeHours(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2))));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("x", kFridayEvening + absl::Hours(30), "乙局"));
  TakeOverUntil(kFridayEvening, kMondayMorning);
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 2);
  TakeOver(kMondayMorning);
  EXPECT_THAT(Tell(kMondayMorning + absl::Hours(1)), IsEmpty()) << "once";
}

TEST_F(WaitingTest, AGroupThatEndedWhileItWaitedIsToldByWhoeverHoldsTheRoutesThen) {
  Begin(InOfficeHours(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2))));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("c", kFridayEvening + absl::Hours(4)));
  TakeOverUntil(kFridayEvening + absl::Hours(5), kMondayMorning);
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "a");
  EXPECT_EQ(told[0].alert.group->total, 2);
  TakeOver(kMondayMorning);
  EXPECT_THAT(Tell(kMondayMorning + absl::Hours(1)), IsEmpty()) << "once";
}

TEST_F(WaitingTest, AThresholdOfAFridayEveningIsToldOnMondayByWhoeverHoldsTheRoutesThen) {
  Begin(InOfficeHours(UnitThreshold(2, absl::Hours(1))));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("x", kFridayEvening + absl::Hours(30), "乙局"));
  TakeOverUntil(kFridayEvening, kMondayMorning);
  EXPECT_THAT(Tell(kMondayMorning), SizeIs(1));
  TakeOver(kMondayMorning);
  EXPECT_THAT(Tell(kMondayMorning + absl::Hours(1)), IsEmpty()) << "once";
}

TEST_F(WaitingTest, AMatterOfAFridayEveningIsToldOnMondayByWhoeverHoldsTheRoutesThen) {
  Begin(InOfficeHours(SameMatter(absl::Hours(1))));
  Take(MatterEvent("a", kFridayEvening, "hotline", {7}));
  Take(MatterEvent("b", kFridayEvening + absl::Minutes(1), "petitions", {7}));
  Take(MatterEvent("x", kFridayEvening + absl::Hours(30), "hotline", {8}));
  TakeOverUntil(kFridayEvening + absl::Hours(1), kMondayMorning);
  EXPECT_THAT(Tell(kMondayMorning), SizeIs(1));
  TakeOver(kMondayMorning);
  EXPECT_THAT(Tell(kMondayMorning + absl::Hours(1)), IsEmpty()) << "once";
}

TEST_F(WaitingTest, ALaterVersionOfAMatterWaitsAsLong) {
  Begin(InOfficeHours(SameMatter(absl::Hours(1))));
  const absl::Duration friday = kFridayEvening - absl::Minutes(50);
  Take(MatterEvent("a", friday, "hotline", {7}));
  Take(MatterEvent("b", friday, "petitions", {7}));
  ASSERT_THAT(Tell(friday), SizeIs(1));
  Take(MatterEvent("c", kFridayEvening, "court", {7}));
  TakeOverUntil(kFridayEvening, kMondayMorning);
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_EQ(told[0].alert.group->total, 3);
}

TEST_F(WaitingTest, AGroupThatWaitsForMondayIsToldOnSaturdayWhenAHighJoinsIt) {
  Begin(InOfficeHours(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(24))));
  const absl::Duration saturday = kFridayEvening + absl::Hours(16);
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  ASSERT_THAT(Tell(saturday - absl::Hours(1)), IsEmpty());
  Take(High(ClueEvent("c", saturday)));
  ExpectToldOnSaturday(saturday, 3);
}

TEST_F(WaitingTest, AGroupThatWaitsForMondayIsToldWhenOneOfItBecomesHigh) {
  Begin(InOfficeHours(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(24))));
  const absl::Duration saturday = kFridayEvening + absl::Hours(16);
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(High(
      Later(ClueEvent("a", kFridayEvening), domain::AlertKind::kClueRevised, absl::Hours(16))));
  const std::vector<Firing> told = Tell(saturday);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.facets.risk, domain::Risk::kHigh);
  EXPECT_EQ(told[0].alert.group->total, 2);
  TakeOver(saturday);
  EXPECT_THAT(Tell(kMondayMorning + absl::Hours(1)), IsEmpty()) << "once";
}

TEST_F(WaitingTest, AGroupThatWasToldIsNotToldAgainWhenOneOfItBecomesHigh) {
  Begin(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(24)));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  ASSERT_THAT(Tell(kFridayEvening + absl::Hours(1)), SizeIs(1));
  Take(
      High(Later(ClueEvent("a", kFridayEvening), domain::AlertKind::kClueRevised, absl::Hours(2))));
  EXPECT_THAT(Tell(kMondayMorning), IsEmpty());
}

TEST_F(WaitingTest, AThresholdThatWaitsForMondayIsToldOnSaturdayWhenAHighJoinsIt) {
  Begin(InOfficeHours(UnitThreshold(2, absl::Hours(24 * 7))));
  const absl::Duration saturday = kFridayEvening + absl::Hours(16);
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("c", saturday - absl::Hours(2)));
  ASSERT_THAT(Tell(saturday - absl::Hours(1)), IsEmpty());
  Take(High(ClueEvent("d", saturday)));
  ExpectToldOnSaturday(saturday, 4);
}

TEST_F(WaitingTest, AThresholdThatWaitsForMondayIsToldWhenOneOfItBecomesHigh) {
  Begin(InOfficeHours(UnitThreshold(2, absl::Hours(24 * 7))));
  const absl::Duration saturday = kFridayEvening + absl::Hours(16);
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(High(
      Later(ClueEvent("a", kFridayEvening), domain::AlertKind::kClueRevised, absl::Hours(16))));
  ExpectToldOnSaturday(saturday, 2);
}

TEST_F(WaitingTest, AHighHurriesWhatWasFoundLastAndNotWhatWaitsLongest) {
  Begin(InOfficeHours(UnitThreshold(3, absl::Hours(24))));
  const absl::Duration sunday = kFridayEvening + absl::Hours(40);
  for (const char* const id : {"a", "b", "c"}) Take(ClueEvent(id, kFridayEvening));
  for (const char* const id : {"d", "e", "f"}) {
    Take(ClueEvent(id, kFridayEvening + absl::Hours(25)));
  }
  Take(High(ClueEvent("h", sunday)));
  TakeOver(sunday);
  std::vector<Firing> told = Tell(sunday);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "f");
  EXPECT_THAT(told[0].alert.group->members, ::testing::ElementsAre("h", "f", "e", "d"));
  told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ::testing::ElementsAre("c", "b", "a"));
}

TEST_F(WaitingTest, WhatWasTakenBackOnSaturdayIsNotToldOnMonday) {
  Begin(InOfficeHours(UnitThreshold(2, absl::Hours(24 * 7))));
  const domain::ChangeEvent b = ClueEvent("b", kFridayEvening);
  Take(ClueEvent("a", kFridayEvening));
  Take(b);
  Take(Later(b, domain::AlertKind::kClueWithdrawn, absl::Hours(1)));
  TakeOver(kFridayEvening + absl::Hours(2));
  EXPECT_THAT(Tell(kMondayMorning), IsEmpty());
  EXPECT_EQ(engine_->Unsettled(0), std::nullopt);
  // Nor is it silent then.
  Take(ClueEvent("c", kMondayMorning + absl::Hours(1)));
  EXPECT_THAT(Tell(kMondayMorning + absl::Hours(1)), SizeIs(1));
}

TEST_F(WaitingTest, WhatIsTakenBackOnSaturdayLeavesTheOthersThatWait) {
  Begin(InOfficeHours(UnitThreshold(2, absl::Hours(24 * 7))));
  const domain::ChangeEvent c = ClueEvent("c", kFridayEvening);
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(c);
  Take(ClueEvent("d", kFridayEvening + absl::Hours(20)));
  Take(Later(ClueEvent("b", kFridayEvening), domain::AlertKind::kClueWithdrawn, absl::Hours(21)));
  domain::ChangeEvent secret =
      Later(ClueEvent("a", kFridayEvening), domain::AlertKind::kClueRevised, absl::Hours(22));
  secret.alert.facets.confidentiality = domain::Confidentiality::kSecret;
  Take(secret);
  TakeOver(kFridayEvening + absl::Hours(23));
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "b") << "it is the same finding";
  EXPECT_EQ(told[0].alert.group->total, 2);
  EXPECT_EQ(told[0].alert.facets.confidentiality, domain::Confidentiality::kSecret);
}

TEST_F(WaitingTest, WhatLostAClueIsNotToldWithWhatWasFoundForItself) {
  Begin(InOfficeHours(UnitThreshold(3, absl::Hours(24))));
  for (const char* const id : {"a", "b", "c"}) Take(ClueEvent(id, kFridayEvening));
  for (const char* const id : {"d", "e", "f"}) {
    Take(ClueEvent(id, kFridayEvening + absl::Hours(25)));
  }
  Take(Later(ClueEvent("c", kFridayEvening), domain::AlertKind::kClueWithdrawn, absl::Hours(40)));
  TakeOver(kFridayEvening + absl::Hours(41));
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1)) << "two of the first are left";
  EXPECT_EQ(told[0].trigger, "f");
  EXPECT_THAT(told[0].alert.group->members, ::testing::ElementsAre("f", "e", "d"));
}

TEST_F(WaitingTest, WhatLostAClueIsToldWithThoseThatCameInItsSilenceWhoeverCameAfterIt) {
  Begin(InOfficeHours(UnitThreshold(3, absl::Hours(24))));
  for (const char* const id : {"a", "b", "c"}) Take(ClueEvent(id, kFridayEvening));
  for (const char* const id : {"d", "e", "f"}) {
    Take(ClueEvent(id, kFridayEvening + absl::Hours(16)));
  }
  Take(ClueEvent("g", kFridayEvening + absl::Hours(41)));
  Take(Later(ClueEvent("c", kFridayEvening), domain::AlertKind::kClueWithdrawn, absl::Hours(42)));
  TakeOver(kFridayEvening + absl::Hours(43));
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "c") << "it is the same finding";
  EXPECT_THAT(told[0].alert.group->members, ::testing::ElementsAre("f", "e", "d", "b", "a"));
}

// It waits for longer than the route looks back, and others come meanwhile.
TEST_F(WaitingTest, WhatWaitsIsKnownUntilItIsTold) {
  Begin(InOfficeHours(UnitThreshold(2, absl::Hours(1))));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("c", kFridayEvening));
  Take(ClueEvent("x", kFridayEvening + absl::Hours(30), "乙局"));
  Take(ClueEvent("d", kFridayEvening + absl::Hours(31)));
  Take(Later(ClueEvent("c", kFridayEvening), domain::AlertKind::kClueWithdrawn, absl::Hours(32)));
  Take(Later(ClueEvent("a", kFridayEvening), domain::AlertKind::kClueRevised, absl::Hours(33)));
  std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ::testing::ElementsAre("b", "a"));
  Take(ClueEvent("y", kMondayMorning + absl::Hours(1), "乙局"));
  EXPECT_EQ(engine_->clues(), 1u) << "then it is forgotten";
}

Route RaisedInOfficeHours() {
  Route route = InOfficeHours(UnitThreshold(2, absl::Hours(24)));
  route.rule = RaiseRule{{{Counts::kClues, {GroupBy::kUnit}, absl::Hours(24 * 30), 20, 20, 0}}};
  return route;
}
domain::ChangeEvent WithPoints(domain::ChangeEvent event, int points) {
  event.alert.risk_reasons = {{"BASE", points, "", ""}};
  return event;
}

TEST_F(WaitingTest, ARaiseIsNotToldOnMondayWhenWhatRaisedItWasTakenBack) {
  for (const std::string taken_back : {"a", "b"}) {
    Begin(RaisedInOfficeHours());
    log_.clear();
    Take(WithPoints(ClueEvent("a", kFridayEvening), 0));
    Take(WithPoints(ClueEvent("b", kFridayEvening), 30));
    Take(Later(WithPoints(ClueEvent(taken_back, kFridayEvening), 0),
               domain::AlertKind::kClueWithdrawn, absl::Hours(1)));
    TakeOver(kFridayEvening + absl::Hours(2));
    EXPECT_THAT(Tell(kMondayMorning), IsEmpty()) << taken_back;
  }
  Begin(RaisedInOfficeHours());
  log_.clear();
  Take(WithPoints(ClueEvent("a", kFridayEvening), 0));
  Take(WithPoints(ClueEvent("b", kFridayEvening), 30));
  EXPECT_THAT(Tell(kMondayMorning), SizeIs(1)) << "else it is";
}

TEST_F(WaitingTest, AGroupWhoseRiskIsHighByItsRouteDoesNotWait) {
  Route route = UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2));
  route.risk = domain::Risk::kHigh;
  Begin(InOfficeHours(route));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  EXPECT_THAT(Tell(kFridayEvening + absl::Minutes(10)), SizeIs(1));
}

TEST_F(WaitingTest, AGroupWhoseHighHasLeftWaitsForMonday) {
  Begin(InOfficeHours(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2))));
  const domain::ChangeEvent high = High(ClueEvent("a", kFridayEvening));
  Take(high);
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("c", kFridayEvening));
  Take(Later(high, domain::AlertKind::kClueWithdrawn, absl::Minutes(1)));
  EXPECT_THAT(Tell(kFridayEvening + absl::Minutes(10)), IsEmpty());
  const std::vector<Firing> told = Tell(kMondayMorning);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 2);
}

TEST_F(WaitingTest, WhatWasToldOnMondayIsNotToldAgainForAHighThatCameLater) {
  Begin(InOfficeHours(UnitThreshold(2, absl::Hours(24 * 7))));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  ASSERT_THAT(Tell(kMondayMorning), SizeIs(1));
  Take(High(ClueEvent("c", kMondayMorning + absl::Hours(1))));
  TakeOver(kMondayMorning + absl::Hours(1));
  EXPECT_THAT(Tell(kMondayMorning + absl::Hours(2)), IsEmpty());
}

TEST_F(WaitingTest, WhatIsToldInAYearThatTheCalendarDoesNotKnowSaysSo) {
  auto routes = std::make_shared<RouteSet>(*Only(InOfficeHours(UnitThreshold(2, absl::Hours(1)))));
  routes->calendar.years[2026];
  const auto told_on = [&](absl::CivilMinute minute, bool high) {
    Engine engine(routes, {});
    engine.GoLive({});
    for (const char* const id : {"a", "b"}) {
      const domain::ChangeEvent event = ClueEvent(id, At(minute));
      engine.Take(0, 1, high ? High(event) : event);
    }
    const std::vector<Firing> told = engine.Due(absl::InfiniteFuture());
    EXPECT_THAT(told, SizeIs(1));
    return told.empty() ? "" : told[0].alert.group->arithmetic_zh;
  };
  using ::testing::HasSubstr;
  using ::testing::Not;
  EXPECT_THAT(told_on(absl::CivilMinute(2026, 9, 21, 9, 0), false), Not(HasSubstr("暂定")));
  EXPECT_THAT(told_on(absl::CivilMinute(2027, 9, 21, 9, 0), false),
              HasSubstr("日历尚无2027年的节假日安排，推送时间按周末推算（暂定）"));
  EXPECT_THAT(told_on(absl::CivilMinute(2026, 12, 31, 18, 0), false), HasSubstr("2027年"));
  EXPECT_THAT(told_on(absl::CivilMinute(2027, 9, 21, 9, 0), true), Not(HasSubstr("暂定")))
      << "it does not wait";
}

// Each within the time in which the next belongs to the group, the first of them long ago.
TEST_F(WaitingTest, AGroupThatGrowsSlowlyIsToldWhenItIsLargeEnough) {
  Route route = UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2));
  std::get<GroupRule>(route.rule).at_least = 4;
  Begin(route);
  for (int i = 0; i < 4; ++i) {
    const absl::Duration at = i * absl::Minutes(110);
    TakeOver(at);
    Take(ClueEvent("c" + std::to_string(i), at));
  }
  const std::vector<Firing> told = Tell(absl::Hours(6));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 4);
}

// A replay of all of it each time would take longer and longer.
TEST_F(WaitingTest, OfAGroupThatGoesOnOnlyWhatHasNotBeenToldIsHeldForTheNextOwner) {
  Begin(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(2)));
  for (int i = 0; i < 20; ++i) {
    const absl::Duration at = i * absl::Hours(1);
    Take(ClueEvent("c" + std::to_string(i), at));
    EXPECT_GE(engine_->UntoldSince(), kBegin + at - absl::Hours(1));
    TakeOver(at);
    EXPECT_GE(engine_->UntoldSince(), kBegin + at - absl::Hours(1));
    Tell(at + absl::Minutes(59));
  }
  EXPECT_LE(engine_->clues(), 4u);
  EXPECT_EQ(log_.back().alert.group->total, 20);
}

// Or the place of its partition would be set back to the beginning, and what others have been told
// of it told anew.
TEST_F(WaitingTest, AGroupHangsOnNoEntryOfTheLog) {
  Begin(InOfficeHours(UnitGroup(absl::Minutes(10), absl::Minutes(10), absl::Hours(2))));
  Take(ClueEvent("a", kFridayEvening));
  Take(ClueEvent("b", kFridayEvening));
  Take(ClueEvent("c", kFridayEvening + absl::Hours(4)));
  ASSERT_LT(engine_->UntoldSince(), kBegin + kMondayMorning) << "something waits";
  EXPECT_EQ(engine_->Unsettled(0), std::nullopt);
}

}  // namespace
}  // namespace supervision::combining
