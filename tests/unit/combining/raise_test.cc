// Risk that the ledger knows and the text does not: repeats, spread, and the organ's history.
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using domain::Risk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr absl::Duration kDay = absl::Hours(24);

RaiseAddend Repeats() {
  return {Counts::kClues, {GroupBy::kUnit, GroupBy::kProblem}, 90 * kDay, 10, 20, 0};
}
RaiseAddend Spread(Counts counts, std::vector<GroupBy> by, int free = 0) {
  return {counts, std::move(by), 30 * kDay, 10, 10, free};
}
RaiseAddend History(int free = 2) {
  return {Counts::kHandled, {GroupBy::kUnit}, 366 * kDay, 10, 10, free};
}

Route Raising(std::vector<RaiseAddend> addends) {
  Route route = UnitThreshold(2, kDay);
  route.id = "record";
  route.by = {GroupBy::kUnit, GroupBy::kProblem};
  route.rule = RaiseRule{std::move(addends)};
  return route;
}

// A clue of MEDIUM risk with so many points.
domain::ChangeEvent Medium(const std::string& id, absl::Duration at, int points,
                           const std::string& unit = "甲局") {
  domain::ChangeEvent event = ClueEvent(id, at, unit);
  event.alert.facets.risk = Risk::kMedium;
  event.alert.facets.partner = "hotline";
  event.alert.problem_codes = {"ENF-01"};
  event.alert.risk_reasons = {{"BASE", points, "", ""}};
  return event;
}

// Its alert is resolved so long after it came.
domain::ChangeEvent Resolved(domain::ChangeEvent event, absl::Duration after,
                             domain::AlertOutcome outcome = domain::AlertOutcome::kHandled) {
  event = Later(std::move(event), domain::AlertKind::kResolved, after);
  event.alert.facets.state = domain::AlertState::kResolved;
  event.alert.handling.emplace();
  event.alert.handling->outcome = outcome;
  event.alert.handling->changed_at = event.alert.raised_at;
  return event;
}
domain::ChangeEvent Reopened(domain::ChangeEvent event, absl::Duration after) {
  event = Later(std::move(event), domain::AlertKind::kReopened, after);
  event.alert.facets.state = domain::AlertState::kOpen;
  event.alert.handling->outcome = domain::AlertOutcome::kUnspecified;
  return event;
}

class RaiseTest : public ::testing::Test {
 protected:
  void Begin(std::vector<RaiseAddend> addends) {
    routes_ = Only(Raising(std::move(addends)));
    engine_ = std::make_unique<Engine>(routes_, std::map<std::string, absl::Time>());
    engine_->GoLive({});
  }
  void Take(const domain::ChangeEvent& event) { engine_->Take(0, ++position_, event); }
  // So many other clues about an organ that came on the first day and were dealt with on the
  // second.
  void TakeHandled(int count, const std::string& unit = "甲局") {
    for (int i = 0; i < count; ++i) {
      domain::ChangeEvent event = Medium(unit + std::to_string(i), absl::Minutes(i), 45, unit);
      event.alert.problem_codes = {"ENF-0" + std::to_string(2 + i)};
      Take(event);
      Take(Resolved(event, kDay));
    }
  }
  std::vector<Firing> Due() { return engine_->Due(absl::InfiniteFuture()); }

  std::shared_ptr<const RouteSet> routes_;
  std::unique_ptr<Engine> engine_;
  int64_t position_ = 0;
};

TEST_F(RaiseTest, EachAddendIsToldWithItsPointsAndTheirSum) {
  Begin({Repeats(), Spread(Counts::kPartners, {GroupBy::kUnit, GroupBy::kProblem}), History()});
  TakeHandled(3);
  domain::ChangeEvent other = Medium("other", 50 * kDay, 45);
  other.alert.facets.partner = "petitions";
  Take(other);
  EXPECT_THAT(Due(), IsEmpty());
  Take(Medium("x", 60 * kDay, 45));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  const domain::Alert& alert = told[0].alert;
  EXPECT_EQ(alert.kind, domain::AlertKind::kRiskRaised);
  EXPECT_EQ(alert.facets.risk, Risk::kHigh);
  std::vector<std::string> addends;
  for (const domain::RiskReason& reason : alert.risk_reasons) {
    addends.push_back(reason.code + " " + std::to_string(reason.points));
  }
  EXPECT_THAT(addends, ElementsAre("OWN 45", "ROUTE:record 10", "ROUTE:record:PARTNERS 10",
                                   "ROUTE:record:HANDLED 10"));
  EXPECT_EQ(alert.group->arithmetic_zh,
            "本条45分；90天内另有1条，加10分（每条10分，至多20分）；"
            "30天内另有1个来源单位，加10分（每个10分，至多10分）；"
            "366天内同单位查实处置3条，加10分（每条10分，至多10分，前2条不计），合计75分");
  EXPECT_EQ(alert.group->arithmetic_en,
            "45 points of its own; 1 other within 90 days adds 10 (10 each, at most 20); 1 other "
            "partner within 30 days adds 10 (10 each, at most 10); 3 others of the same unit found "
            "true and dealt with within 366 days add 10 (10 each, at most 10, the first 2 not "
            "counted): 75");
  EXPECT_EQ(alert.group->measured, 75);
  EXPECT_EQ(alert.group->limit, 70);
  EXPECT_THAT(alert.group->members, ElementsAre("x", "other", "甲局2", "甲局1", "甲局0"));
}

// Who sees the alert must be allowed to see what it tells of, and only that.
TEST_F(RaiseTest, WhatAddsNothingIsNotToldOf) {
  Begin({Repeats(), History(3)});
  TakeHandled(3);
  domain::ChangeEvent repeat = Medium("r", 50 * kDay, 45);
  repeat.alert.facets.region_code = "330402";
  Take(repeat);
  Take(Medium("x", 60 * kDay, 65));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("x", "r"));
  EXPECT_EQ(told[0].alert.facets.region_code, "3304");
  EXPECT_THAT(told[0].alert.group->arithmetic_zh, Not(HasSubstr("查实")));
}

TEST_F(RaiseTest, NothingIsRaisedByItsOwnPointsAlone) {
  Begin({Repeats(), History()});
  Take(Medium("x", kDay, 90));
  EXPECT_THAT(Due(), IsEmpty());
}

// Revised a day after it came, and graver.
domain::ChangeEvent Revised(const domain::ChangeEvent& event, int points) {
  domain::ChangeEvent revised = Later(event, domain::AlertKind::kClueRevised, kDay);
  revised.alert.risk_reasons[0].points = points;
  return revised;
}

TEST_F(RaiseTest, AClueThatIsRevisedIsLookedAtAgain) {
  Begin({Repeats()});
  Take(Medium("a", kDay, 45));
  const domain::ChangeEvent x = Medium("x", 2 * kDay, 45);
  Take(x);
  EXPECT_THAT(Due(), IsEmpty());
  Take(Revised(x, 60));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "x");
  EXPECT_EQ(told[0].version, 1u);
  EXPECT_EQ(told[0].alert.facets.risk, Risk::kHigh);
  Take(Revised(Revised(x, 60), 65));
  EXPECT_THAT(Due(), IsEmpty()) << "no higher than was told";
}

TEST_F(RaiseTest, ARevisedClueIsRaisedByThoseBeforeItAlthoughOthersCameSince) {
  Begin({Repeats()});
  Take(Medium("a", kDay, 45));
  const domain::ChangeEvent x = Medium("x", 2 * kDay, 45);
  Take(x);
  Take(Medium("later", 2 * kDay + absl::Hours(1), 45));
  Take(Revised(x, 60));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("x", "a"));
}

TEST_F(RaiseTest, WhatIsRaisedHigherThanWasToldIsTheNextVersionWhoeverHoldsTheRoutes) {
  Begin({Repeats()});
  std::vector<domain::ChangeEvent> log = {Medium("a", kDay, 35), Medium("x", 2 * kDay, 35)};
  log[1].alert.facets.risk = Risk::kLow;
  for (const domain::ChangeEvent& event : log) Take(event);
  std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.facets.risk, Risk::kMedium);
  log.push_back(ToldEvent(told[0], kBegin + 2 * kDay));
  log.push_back(Revised(log[1], 60));
  const auto take_over = [&] {
    engine_ = std::make_unique<Engine>(routes_, std::map<std::string, absl::Time>());
    for (size_t i = 0; i < log.size(); ++i) {
      engine_->Take(0, static_cast<int64_t>(i) + 1, log[i]);
    }
    engine_->GoLive({2});
  };
  take_over();
  told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "x");
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_EQ(told[0].alert.group->ordinal, 2);
  EXPECT_EQ(told[0].alert.facets.risk, Risk::kHigh);
  log.push_back(ToldEvent(told[0], kBegin + 4 * kDay));
  take_over();
  EXPECT_THAT(Due(), IsEmpty()) << "once";
}

TEST_F(RaiseTest, OfSpreadOnlyDifferentOnesCountAndNotTheClueItself) {
  Begin({Spread(Counts::kUnits, {GroupBy::kProblem}, 1)});
  Take(Medium("a", kDay, 45, "乙局"));
  Take(Medium("b", kDay, 45, "乙局"));
  Take(Medium("c", kDay, 45, "甲局"));
  Take(Medium("x", 2 * kDay, 65, "甲局"));
  EXPECT_THAT(Due(), IsEmpty()) << "one other organ";
  Take(Medium("d", 2 * kDay, 45, "丙局"));
  Take(Medium("y", 3 * kDay, 65, "甲局"));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("y", "d", "b"));
  EXPECT_EQ(told[0].alert.facets.unit.name, "") << "it tells of other organs";
  EXPECT_THAT(told[0].alert.group->arithmetic_zh, HasSubstr("30天内同类问题另有不少于2个单位"));
  EXPECT_THAT(told[0].alert.group->arithmetic_en,
              HasSubstr("at least 2 other units of the same problem"));
}

TEST_F(RaiseTest, OfSpreadNoMoreIsToldOfThanAddsPoints) {
  Begin({Spread(Counts::kUnits, {GroupBy::kProblem}, 1)});
  for (int i = 0; i < 5; ++i) {
    Take(Medium("o" + std::to_string(i), kDay, 45, "单位" + std::to_string(i)));
  }
  Take(Medium("x", 2 * kDay, 65));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("x", "o4", "o3"));
  EXPECT_THAT(told[0].alert.group->arithmetic_zh, HasSubstr("同类问题另有不少于2个单位，加10分"));
  EXPECT_THAT(told[0].alert.group->arithmetic_en, HasSubstr("at least 2 other units"));
}

// 10 points from 5 persons on and 15 more from 30 on, as the risk of a text has it.
std::vector<RaiseAddend> ByPersons() {
  const std::vector<GroupBy> by = {GroupBy::kUnit, GroupBy::kProblem};
  return {{Counts::kPersons, by, 30 * kDay, 10, 10, 4},
          {Counts::kPersons, by, 30 * kDay, 15, 15, 29}};
}

// What hits so many persons, as its partner says; 0: it does not say.
domain::ChangeEvent Hitting(domain::ChangeEvent event, int64_t persons,
                            std::vector<uint64_t> numbers = {}, uint64_t shape = 0) {
  auto keys = std::make_shared<domain::MatterKeys>();
  keys->persons = persons;
  keys->numbers = std::move(numbers);
  keys->shape = shape;
  event.alert.matter = std::move(keys);
  return event;
}

std::vector<std::string> AddendsOf(const Firing& firing) {
  std::vector<std::string> addends;
  for (const domain::RiskReason& reason : firing.alert.risk_reasons) {
    addends.push_back(reason.code + " " + std::to_string(reason.points));
  }
  return addends;
}

TEST_F(RaiseTest, PersonsOfSeveralCluesAreAddedUpWithTheCluesOwn) {
  Begin(ByPersons());
  Take(Medium("one", kDay, 45));
  Take(Hitting(Medium("many", 2 * kDay, 45), 27));
  Take(Hitting(Medium("x", 3 * kDay, 60), 2));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(AddendsOf(told[0]),
              ElementsAre("OWN 60", "ROUTE:record:PERSONS 10", "ROUTE:record:PERSONS 15"));
  EXPECT_THAT(told[0].alert.group->arithmetic_zh,
              HasSubstr("30天内共涉及30人，加15分（每人15分，至多15分，前29人不计），合计85分"));
  EXPECT_THAT(told[0].alert.group->arithmetic_en,
              HasSubstr("at least 29 persons affected within 30 days add 10"));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("x", "many", "one"));
}

TEST_F(RaiseTest, WhatIsReportedTwiceHitsItsPersonsOnce) {
  Begin(ByPersons());
  constexpr uint64_t kShape = 0x0f0f0f0f0f0f0f0f;
  Take(Hitting(Medium("first", kDay, 45), 2, {7, 12}));
  Take(Hitting(Medium("again", 2 * kDay, 45), 2, {3, 12}));
  Take(Hitting(Medium("copy", 3 * kDay, 45), 0, {}, kShape ^ 0x3));
  // 2 by the number, 1 by the text, which is the clue's own.
  Take(Hitting(Medium("x", 4 * kDay, 65), 0, {}, kShape));
  EXPECT_THAT(Due(), IsEmpty());
  // The larger of two numbers counts: 4 and 1.
  Take(Hitting(Medium("more", 5 * kDay, 45), 4, {12}));
  Take(Hitting(Medium("y", 6 * kDay, 65), 0, {}, kShape));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->arithmetic_zh, HasSubstr("共涉及不少于5人"));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("y", "more"));
}

TEST_F(RaiseTest, WhatTheCluesOwnTextHasForItsPersonsIsNotAddedAgain) {
  Begin(ByPersons());
  Take(Hitting(Medium("other", kDay, 45), 20));
  domain::ChangeEvent group = Medium("group", 2 * kDay, 45);
  group.alert.risk_reasons.push_back({"SPREAD", 10, "", ""});
  Take(group);  // 25 persons, of whom 5 by its text
  EXPECT_THAT(Due(), IsEmpty()) << "its points have the 10 of a group";
  domain::ChangeEvent crowd = Medium("crowd", 3 * kDay, 40);
  crowd.alert.risk_reasons.push_back({"SPREAD", 25, "", ""});
  Take(crowd);
  EXPECT_THAT(Due(), IsEmpty()) << "its points have all 25";
  Take(Medium("x", 4 * kDay, 45));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1)) << "a text that names a crowd is 30 persons to the next";
  EXPECT_THAT(AddendsOf(told[0]),
              ElementsAre("OWN 45", "ROUTE:record:PERSONS 10", "ROUTE:record:PERSONS 15"));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("x", "crowd"));
}

TEST_F(RaiseTest, AClueThatWasTakenBackSpreadsNothing) {
  Begin({Spread(Counts::kUnits, {GroupBy::kProblem})});
  const domain::ChangeEvent other = Medium("a", kDay, 45, "乙局");
  Take(other);
  Take(Later(other, domain::AlertKind::kClueWithdrawn, absl::Hours(1)));
  Take(Medium("x", 2 * kDay, 65));
  EXPECT_THAT(Due(), IsEmpty());
}

// Clues come and are taken back, again and again.
TEST_F(RaiseTest, AnOrganThatLosesItsCluesAgainAndAgainIsKeptOnce) {
  Begin({Repeats()});
  for (int i = 0; i < 20; ++i) {
    const domain::ChangeEvent a = Medium("a" + std::to_string(i), i * absl::Hours(1), 45);
    const domain::ChangeEvent b = Medium("b" + std::to_string(i), i * absl::Hours(1), 60);
    Take(a);
    Take(b);
    Take(Later(b, domain::AlertKind::kClueWithdrawn, absl::Minutes(1)));
    Take(Later(a, domain::AlertKind::kClueWithdrawn, absl::Minutes(2)));
  }
  EXPECT_THAT(Due(), SizeIs(20)) << "each b was raised";
  EXPECT_EQ(engine_->empty_groups(), 1U);
}

TEST_F(RaiseTest, HistoryIsWhatWasFoundTrueAndStandsSo) {
  Begin({History(0)});
  const domain::ChangeEvent open = Medium("open", absl::Hours(1), 45);
  const domain::ChangeEvent unfounded = Medium("unfounded", absl::Hours(2), 45);
  const domain::ChangeEvent reopened = Medium("reopened", absl::Hours(3), 45);
  for (const auto& event : {open, unfounded, reopened}) Take(event);
  Take(Resolved(unfounded, kDay, domain::AlertOutcome::kUnfounded));
  Take(Resolved(reopened, kDay));
  Take(Reopened(Resolved(reopened, kDay), kDay));
  Take(Medium("x", 5 * kDay, 65));
  EXPECT_THAT(Due(), IsEmpty());
  Take(Resolved(reopened, 6 * kDay));
  Take(Medium("y", 7 * kDay, 65));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].alert.group->members, ElementsAre("y", "reopened"));
}

TEST_F(RaiseTest, HistoryGoesBackItsWindowAndNoFurther) {
  Begin({History(0)});
  const domain::ChangeEvent old = Medium("old", absl::ZeroDuration(), 45);
  Take(old);
  Take(Resolved(old, kDay));
  Take(Medium("x", 365 * kDay, 65));
  EXPECT_THAT(Due(), SizeIs(1));
  Take(Medium("y", 367 * kDay, 65));
  EXPECT_THAT(Due(), IsEmpty());
}

TEST_F(RaiseTest, TheHistoryOfAnotherOrganDoesNotCount) {
  Begin({History(0)});
  TakeHandled(3, "乙局");
  Take(Medium("x", 60 * kDay, 65));
  EXPECT_THAT(Due(), IsEmpty());
}

TEST_F(RaiseTest, TheHistoryOfAnOrganIsThatOfItsCreditCode) {
  Begin({History(0)});
  const auto coded = [](domain::ChangeEvent event, const std::string& name) {
    event.alert.facets.unit = {name, "91350100M000100Y43"};
    return event;
  };
  const domain::ChangeEvent handled = coded(Medium("a", kDay, 45), "甲县城管局");
  Take(handled);
  Take(Resolved(handled, kDay));
  Take(coded(Medium("x", 60 * kDay, 65), "甲县城市管理局"));
  EXPECT_THAT(Due(), SizeIs(1));
}

TEST_F(RaiseTest, HistoryMayBeOfTheSameProblemOnly) {
  RaiseAddend same = History(0);
  same.by = {GroupBy::kUnit, GroupBy::kProblem};
  Begin({same});
  TakeHandled(3);  // of other problems
  Take(Medium("x", 60 * kDay, 65));
  EXPECT_THAT(Due(), IsEmpty());
  Take(Resolved(Medium("x", 60 * kDay, 65), kDay));
  Take(Medium("y", 62 * kDay, 65));
  EXPECT_THAT(Due(), SizeIs(1));
}

TEST_F(RaiseTest, OfOneOrganTheNewestCasesAreKept) {
  Begin({History(0)});
  for (size_t i = 0; i < UnitRecord::kMostOfUnit + 50; ++i) {
    const std::string id = std::to_string(1000 + i);
    engine_->Recall(Resolved(Medium(id, absl::Minutes(i), 45), kDay).alert);
  }
  EXPECT_EQ(engine_->clues(), UnitRecord::kMostOfUnit);
  Take(Medium("x", 60 * kDay, 65));
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, static_cast<int64_t>(UnitRecord::kMostOfUnit) + 1);
  EXPECT_EQ(told[0].alert.group->members[1], std::to_string(1000 + UnitRecord::kMostOfUnit + 49));
}

// Whoever takes over knows from the ledger what was dealt with after the clue that it reads of.
TEST_F(RaiseTest, InAReplayACaseCountsFromWhenItWasDealtWith) {
  const auto routes = Only(Raising({History(0)}));
  Engine engine(routes, {});
  engine.Recall(Resolved(Medium("case", absl::ZeroDuration(), 45), 5 * kDay).alert);
  engine.Take(0, 1, Medium("x", 3 * kDay, 65));
  engine.Take(0, 2, Medium("y", 6 * kDay, 65));
  engine.GoLive({});
  const std::vector<Firing> told = engine.Due(absl::InfiniteFuture());
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].trigger, "y");
}

// Owners die at random, before they tell or right after; the log begins anew behind each clue that
// was dealt with, so the next owner knows of those only from the ledger. What is told is what an
// owner that never dies tells.
TEST_F(RaiseTest, WhateverOwnersDieEachIsToldOnceWithTheHistoryOfTheLedger) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  size_t told_in_all = 0;
  for (int round = 0; round < 40; ++round) {
    Begin({History(1)});
    std::map<std::string, domain::Alert> ledger;  // what was dealt with
    std::vector<domain::ChangeEvent> log;
    size_t begins = 0;  // what lies before in the log is trimmed
    const auto take_over = [&] {
      auto next = std::make_unique<Engine>(routes_, std::map<std::string, absl::Time>());
      for (const auto& [id, alert] : ledger) next->Recall(alert);
      for (size_t i = begins; i < log.size(); ++i) {
        next->Take(0, static_cast<int64_t>(i) + 1, log[i]);
      }
      next->GoLive({});
      return next;
    };
    std::unique_ptr<Engine> owner = take_over();
    std::vector<std::string> told, expected;
    for (int i = 0; i < 60; ++i) {
      domain::ChangeEvent event =
          Medium("c" + std::to_string(i), i * kDay, 65, random() % 2 == 0 ? "甲局" : "乙局");
      if (random() % 4 == 0) {
        event = Resolved(event, absl::ZeroDuration());
        event.alert.kind = domain::AlertKind::kClueReceived;
        ledger[event.alert.clue_id] = event.alert;
      }
      Take(event);
      for (const Firing& firing : Due()) expected.push_back(firing.trigger);
      log.push_back(event);
      owner->Take(0, static_cast<int64_t>(log.size()), event);
      if (random() % 4 == 0) owner = take_over();
      for (const Firing& firing : owner->Due(absl::InfiniteFuture())) {
        told.push_back(firing.trigger);
        log.push_back(ToldEvent(firing, event.alert.raised_at));
      }
      if (random() % 4 == 0) {
        if (random() % 2 == 0) begins = log.size();
        owner = take_over();
      }
    }
    ASSERT_EQ(told, expected) << "round " << round;
    told_in_all += told.size();
  }
  EXPECT_GT(told_in_all, 400u);
}

}  // namespace
}  // namespace supervision::combining
