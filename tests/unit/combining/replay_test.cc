#include <algorithm>
#include <iostream>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// A log, and owners of the routes that die and are followed by others.
class ReplayTest : public ::testing::Test {
 protected:
  void Take(Engine* engine, size_t from = 0) {
    for (size_t i = from; i < log_.size(); ++i) {
      engine->Take(0, static_cast<int64_t>(i) + 1, log_[i]);
    }
  }
  // The next owner, after its replay of all that is in the log.
  std::unique_ptr<Engine> TakeOver(const std::shared_ptr<const RouteSet>& routes,
                                   int64_t settled = 0) {
    auto engine = std::make_unique<Engine>(routes, std::map<std::string, absl::Time>());
    Take(engine.get());
    engine->GoLive({settled});
    return engine;
  }
  void Append(domain::ChangeEvent event, Engine* engine) {
    log_.push_back(std::move(event));
    engine->Take(0, static_cast<int64_t>(log_.size()), log_.back());
  }

  std::vector<domain::ChangeEvent> log_;
};

TEST_F(ReplayTest, WhatTheOwnerHadNotToldWhenItDiedIsToldByTheNext) {
  const auto routes = Only(UnitThreshold(2, absl::Hours(24)));
  log_ = {ClueEvent("a", absl::Hours(1)), ClueEvent("b", absl::Hours(2))};
  EXPECT_THAT(TakeOver(routes)->Due(kBegin + absl::Hours(3)), SizeIs(1));
}

TEST_F(ReplayTest, WhatWasToldIsNotToldAgain) {
  const auto routes = Only(UnitThreshold(2, absl::Hours(24)));
  log_ = {ClueEvent("a", absl::Hours(1)), ClueEvent("b", absl::Hours(2))};
  std::vector<Firing> told = TakeOver(routes)->Due(kBegin + absl::Hours(3));
  ASSERT_THAT(told, SizeIs(1));
  log_.push_back(ToldEvent(told[0], kBegin + absl::Hours(3)));
  auto next = TakeOver(routes);
  EXPECT_THAT(next->Due(kBegin + absl::Hours(4)), IsEmpty());
  // The silence goes on too.
  Append(ClueEvent("c", absl::Hours(5)), next.get());
  EXPECT_THAT(next->Due(kBegin + absl::Hours(5)), IsEmpty());
}

TEST_F(ReplayTest, WhatWasSettledIsNotToldEvenWhenItsAlertIsNoLongerInTheLog) {
  const auto routes = Only(UnitThreshold(2, absl::Hours(24)));
  log_ = {ClueEvent("a", absl::Hours(1)), ClueEvent("b", absl::Hours(2))};
  EXPECT_THAT(TakeOver(routes, 2)->Due(kBegin + absl::Hours(3)), IsEmpty());
}

// Two partitions, and the owner read the second first: `late` made due what `early`, which is
// settled, makes due here.
TEST_F(ReplayTest, WhatAnotherOrderMadeDueIsToldThoughItsTriggerHereIsSettled) {
  const auto routes = Only(UnitThreshold(2, absl::Hours(24)));
  const auto take_over = [&](const std::vector<int64_t>& settled) {
    auto engine = std::make_unique<Engine>(routes, std::map<std::string, absl::Time>());
    engine->Take(1, 1, ClueEvent("first", absl::Hours(1)));
    engine->Take(1, 2, ClueEvent("early", absl::Hours(2)));
    engine->Take(0, 1, ClueEvent("late", absl::Hours(2)));
    engine->GoLive(settled);
    return engine->Due(kBegin + absl::Hours(3));
  };
  EXPECT_THAT(take_over({0, 2}), SizeIs(1));
  EXPECT_THAT(take_over({1, 2}), IsEmpty());
}

// Its alert lies before the replay, and a clue of the group that came long after has yet to be seen
// to.
TEST_F(ReplayTest, WhatWasSettledIsNotToldForALaterClueOfItsGroup) {
  const auto routes = Only(UnitThreshold(2, absl::Hours(24)));
  Engine engine(routes, {});
  engine.Take(1, 1, ClueEvent("a", absl::Hours(1)));
  engine.Take(1, 2, ClueEvent("b", absl::Hours(2)));
  engine.Take(0, 1, ClueEvent("c", absl::Hours(40)));
  engine.GoLive({0, 2});
  EXPECT_THAT(engine.Due(kBegin + absl::Hours(41)), IsEmpty());
}

TEST_F(ReplayTest, AGroupGoesOnWhereTheOwnerBeforeLeftIt) {
  const auto routes = Only(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24)));
  log_ = {ClueEvent("a", absl::Minutes(0)), ClueEvent("b", absl::Minutes(1))};
  std::vector<Firing> told = TakeOver(routes)->Due(kBegin + absl::Minutes(10));
  ASSERT_THAT(told, SizeIs(1));
  log_.push_back(ToldEvent(told[0], kBegin + absl::Minutes(10)));
  auto next = TakeOver(routes);
  EXPECT_THAT(next->Due(kBegin + absl::Minutes(30)), IsEmpty());
  Append(ClueEvent("c", absl::Minutes(40)), next.get());
  told = next->Due(kBegin + absl::Minutes(70));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].record, "record-a");
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_EQ(told[0].alert.group->total, 3);
}

TEST_F(ReplayTest, AGroupThatEndedWhileNobodyWasThereIsToldBeforeTheNextOne) {
  const auto routes = Only(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(2)));
  log_ = {ClueEvent("a", absl::Hours(0)), ClueEvent("b", absl::Hours(0)),
          ClueEvent("c", absl::Hours(9)), ClueEvent("d", absl::Hours(9))};
  const std::vector<Firing> told = TakeOver(routes)->Due(kBegin + absl::Hours(10));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].trigger, "a");
  EXPECT_EQ(told[0].alert.group->total, 2);
  EXPECT_EQ(told[1].trigger, "c");
  EXPECT_EQ(told[1].alert.group->total, 2);
}

TEST_F(ReplayTest, AGroupThatWasToldAndEndedIsNotToldAgain) {
  const auto routes = Only(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(2)));
  log_ = {ClueEvent("a", absl::Hours(0)), ClueEvent("b", absl::Hours(0))};
  const std::vector<Firing> told = TakeOver(routes)->Due(kBegin + absl::Hours(1));
  ASSERT_THAT(told, SizeIs(1));
  log_.push_back(ToldEvent(told[0], kBegin + absl::Hours(1)));
  log_.push_back(ClueEvent("c", absl::Hours(9)));
  EXPECT_THAT(TakeOver(routes)->Due(kBegin + absl::Hours(10)), IsEmpty());
}

// It is no newer than what was told, and has come since.
TEST_F(ReplayTest, AClueThatCameToAGroupByACorrectionIsToldWithIt) {
  const auto routes = Only(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24)));
  const domain::ChangeEvent x = ClueEvent("x", absl::Minutes(0), "乙局");
  log_ = {x, ClueEvent("a", absl::Minutes(1)), ClueEvent("b", absl::Minutes(2))};
  std::vector<Firing> told = TakeOver(routes)->Due(kBegin + absl::Minutes(11));
  ASSERT_THAT(told, SizeIs(1));
  log_.push_back(ToldEvent(told[0], kBegin + absl::Minutes(11)));
  domain::ChangeEvent corrected = Later(x, domain::AlertKind::kReclassified, absl::Minutes(20));
  corrected.alert.facets.unit.name = "甲局";
  log_.push_back(corrected);
  const auto next = TakeOver(routes);
  EXPECT_THAT(next->Due(kBegin + absl::Minutes(70)), IsEmpty());
  told = next->Due(kBegin + absl::Minutes(71));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].version, 2u);
  EXPECT_EQ(told[0].alert.group->total, 3);
  EXPECT_THAT(told[0].alert.group->members, UnorderedElementsAre("x", "a", "b"));
  log_.push_back(ToldEvent(told[0], kBegin + absl::Minutes(71)));
  EXPECT_THAT(TakeOver(routes)->Due(kBegin + absl::Hours(3)), IsEmpty()) << "once";
}

// A partner revises what it had back-filled: the clue's first alert, long after it was accepted.
TEST_F(ReplayTest, ABackfilledClueThatIsRevisedIsToldWithTheGroupThatItComesTo) {
  const auto routes = Only(UnitGroup(absl::Minutes(10), absl::Hours(1), absl::Hours(24)));
  log_ = {ClueEvent("a", absl::Minutes(1)), ClueEvent("b", absl::Minutes(2))};
  std::vector<Firing> told = TakeOver(routes)->Due(kBegin + absl::Minutes(11));
  ASSERT_THAT(told, SizeIs(1));
  log_.push_back(ToldEvent(told[0], kBegin + absl::Minutes(11)));
  domain::ChangeEvent revised = ClueEvent("x", absl::Minutes(0));
  revised.alert.raised_at += absl::Minutes(20);
  log_.push_back(revised);
  told = TakeOver(routes)->Due(kBegin + absl::Minutes(71));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->total, 3);
  EXPECT_THAT(told[0].alert.group->members, UnorderedElementsAre("x", "a", "b"));
}

// Clues come, are corrected to another organ and back, and are taken back; what is told is told in
// office hours or at once. Owners die at random, as below.
class ChangingTest : public ReplayTest {
 protected:
  struct Heard {
    std::string trigger;
    uint32_t version;
    int64_t total;
    std::vector<std::string> members;
    std::string says;
    bool operator==(const Heard&) const = default;
  };
  friend void PrintTo(const Heard& heard, std::ostream* out) {
    *out << heard.trigger << " v" << heard.version << " " << heard.says << " of";
    for (const std::string& member : heard.members) *out << " " << member;
  }

  std::vector<domain::ChangeEvent> RandomChanges() {
    std::vector<domain::ChangeEvent> clues;
    std::vector<domain::ChangeEvent> log;
    absl::Duration at;
    for (int i = 0; i < 80; ++i) {
      at += absl::Minutes(1 + random_() % 150);
      const std::string unit = random_() % 2 == 0 ? "甲局" : "乙局";
      if (clues.empty() || random_() % 2 == 0) {
        clues.push_back(ClueEvent("c" + std::to_string(i), at, unit));
        clues.back().alert.facets.region_code = random_() % 2 == 0 ? "330401" : "330402";
        log.push_back(clues.back());
        continue;
      }
      domain::ChangeEvent& clue =
          clues[clues.size() - 1 - random_() % std::min<size_t>(clues.size(), 6)];
      const bool gone = random_() % 3 == 0;
      ++clue.alert.version;
      clue.alert.kind = gone ? domain::AlertKind::kClueWithdrawn : domain::AlertKind::kReclassified;
      clue.alert.raised_at = kBegin + at;
      if (!gone) clue.alert.facets.unit.name = unit;
      log.push_back(clue);
    }
    return log;
  }

  // What is told of the changes by owners of whom one in `die` dies at each step; 0: none.
  std::vector<Heard> Follow(const std::shared_ptr<const RouteSet>& routes,
                            const std::vector<domain::ChangeEvent>& changes, unsigned die) {
    std::vector<Heard> heard;
    log_.clear();
    auto owner = TakeOver(routes);
    const auto die_perhaps = [&] {
      if (die != 0 && random_() % die == 0) owner = TakeOver(routes);
    };
    // At one moment in any order.
    const auto tell = [&](absl::Time now) {
      std::vector<Firing> due = owner->Due(now);
      std::sort(due.begin(), due.end(), [](const Firing& a, const Firing& b) {
        return std::tie(a.alert.group->digest, a.due) < std::tie(b.alert.group->digest, b.due);
      });
      for (const Firing& firing : due) {
        const domain::AlertGroup& group = *firing.alert.group;
        heard.push_back({firing.trigger, firing.version, group.total, group.members,
                         group.arithmetic_zh + " " + firing.alert.facets.region_code});
        Append(ToldEvent(firing, now), owner.get());
      }
    };
    for (const domain::ChangeEvent& change : changes) {
      const absl::Time before = change.alert.raised_at - absl::Microseconds(1);
      die_perhaps();
      tell(before);
      Append(change, owner.get());
      die_perhaps();
      tell(change.alert.raised_at);
      die_perhaps();
    }
    return heard;
  }

  void ExpectTheSame(Route route, size_t at_least) {
    auto routes = std::make_shared<RouteSet>(*Only(std::move(route)));
    // So that the first owner forgets nothing that the replays have.
    routes->routes.push_back(UnitThreshold(1000, absl::Hours(24 * 90)));
    routes->routes.back().id = "reach";
    const unsigned seed = std::random_device()();
    std::cout << "seed " << seed << "\n";
    random_.seed(seed);
    size_t told = 0;
    for (int round = 0; round < 60; ++round) {
      const std::vector<domain::ChangeEvent> changes = RandomChanges();
      const std::vector<Heard> expected = Follow(routes, changes, 0);
      ASSERT_EQ(Follow(routes, changes, 4), expected) << "round " << round;
      told += expected.size();
    }
    EXPECT_GT(told, at_least);
  }

  std::mt19937 random_;
};

TEST_F(ChangingTest, OfGroupsTheSameIsToldWhateverOwnersDie) {
  ExpectTheSame(UnitGroup(absl::Minutes(10), absl::Hours(2), absl::Hours(6)), 300);
}

TEST_F(ChangingTest, OfThresholdsInOfficeHoursTheSameIsToldWhateverOwnersDie) {
  Route route = UnitThreshold(3, absl::Hours(12));
  route.times = Times::kOfficeHours;
  ExpectTheSame(route, 100);
}

// Owners die at random: before they tell, or right after. However often, what is told is what an
// owner that never dies tells.
TEST_F(ReplayTest, WhateverOwnersDieEachAlertIsToldOnce) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  int told_in_all = 0;
  for (int round = 0; round < 60; ++round) {
    const auto routes = Only(UnitThreshold(3, absl::Hours(6)));
    std::vector<domain::ChangeEvent> clues;
    absl::Duration at;
    for (int i = 0; i < 60; ++i) {
      at += absl::Minutes(random() % 120);
      clues.push_back(ClueEvent("c" + std::to_string(i), at, random() % 2 == 0 ? "甲局" : "乙局"));
    }
    std::vector<std::string> expected;
    Engine lasting(routes, {});
    lasting.GoLive({});
    for (size_t i = 0; i < clues.size(); ++i) {
      lasting.Take(0, static_cast<int64_t>(i) + 1, clues[i]);
      for (const Firing& firing : lasting.Due(clues[i].alert.raised_at)) {
        expected.push_back(firing.trigger);
      }
    }

    log_.clear();
    std::vector<std::string> told;
    auto owner = TakeOver(routes);
    for (const domain::ChangeEvent& clue : clues) {
      Append(clue, owner.get());
      if (random() % 4 == 0) owner = TakeOver(routes);  // before it looked at what is due
      for (const Firing& firing : owner->Due(clue.alert.raised_at)) {
        told.push_back(firing.trigger);
        log_.push_back(ToldEvent(firing, clue.alert.raised_at));
      }
      if (random() % 4 == 0) owner = TakeOver(routes);
    }
    ASSERT_EQ(told, expected) << "round " << round;
    told_in_all += static_cast<int>(told.size());
  }
  EXPECT_GT(told_in_all, 150);
}

}  // namespace
}  // namespace supervision::combining
