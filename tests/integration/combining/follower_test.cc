#include "services/combining/follower.h"

#include <atomic>
#include <map>
#include <thread>

#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "services/domain/civil_date.h"
#include "tests/integration/combining/replica.h"

namespace supervision::combining {
namespace {

using ledger::DeriveResult;
using testing::Await;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::kPatience;
using ::testing::SizeIs;

std::map<std::string, int> TimesTold(const std::vector<domain::Alert>& told) {
  std::map<std::string, int> times;
  for (const domain::Alert& alert : told) ++times[alert.facets.unit.name];
  return times;
}

class FollowerTest : public ::testing::Test {
 protected:
  testing::RedisServer redis_;
};

TEST_F(FollowerTest, OfTwoReplicasOneTellsAndOnce) {
  Replica a(redis_, "a");
  Replica b(redis_, "b");
  ASSERT_TRUE(a.WaitReady() && b.WaitReady());
  a.Follow();
  ASSERT_TRUE(testing::Eventually([&] { return a.Holding() > 0; }));
  b.Follow();
  for (int i = 0; i < 9; ++i) b.Submit("k" + std::to_string(i), i % 3 == 0 ? "甲局" : "乙局");
  EXPECT_TRUE(testing::Eventually([&] { return a.Told().size() >= 2; }));
  EXPECT_EQ(TimesTold(a.Told()), (std::map<std::string, int>{{"甲局", 1}, {"乙局", 1}}));
  const domain::Alert alert = a.Told().front();
  EXPECT_EQ(alert.kind, domain::AlertKind::kThresholdReached);
  EXPECT_EQ(alert.group->total, 3);
  EXPECT_FALSE(alert.group->late);
  EXPECT_EQ(a.Late(), 0);
}

// It dies when it has told some of what was due, and the next one tells the rest.
TEST_F(FollowerTest, WhatTheOwnerHadNotToldWhenItDiedTheNextOneTellsOnce) {
  std::atomic<bool> dead = false;
  Replica b(redis_, "b");
  // Counted is what stands in the log: an attempt with a lease that has just ended tells nothing.
  auto a = std::make_unique<Replica>(redis_, "a", ThirdOfAUnit(), [&] {
    if (b.Told().size() < 2) return true;
    dead = true;
    return false;
  });
  ASSERT_TRUE(a->WaitReady() && b.WaitReady());
  a->Follow();
  ASSERT_TRUE(testing::Eventually([&] { return a->Holding() > 0; }));
  std::map<std::string, int> expected;
  for (int unit = 0; unit < 6; ++unit) {
    const std::string name = "单位" + std::to_string(unit);
    expected[name] = 1;
    for (int i = 0; i < 4; ++i) {
      b.Submit("u" + std::to_string(unit) + "-" + std::to_string(i), name);
    }
  }
  ASSERT_TRUE(testing::Eventually([&] { return dead.load(); }));
  EXPECT_THAT(b.Told(), SizeIs(2));
  b.Follow();
  EXPECT_TRUE(testing::Eventually([&] { return b.Told().size() >= 6; }));
  EXPECT_EQ(TimesTold(b.Told()), expected);
  a.reset();
  // What comes afterwards is told by the new owner, in the silence nothing.
  for (int i = 0; i < 3; ++i) b.Submit("more-" + std::to_string(i), "单位0");
  for (int i = 0; i < 3; ++i) b.Submit("last-" + std::to_string(i), "末位");
  expected["末位"] = 1;
  EXPECT_TRUE(testing::Eventually([&] { return b.Told().size() >= 7; }));
  EXPECT_EQ(TimesTold(b.Told()), expected);
}

// It is paused past its lease in the middle of telling, and goes on when the next has told it.
TEST_F(FollowerTest, AnOwnerThatWasPausedPastItsLeaseTellsNothingAnyMore) {
  std::atomic<bool> paused = false;
  std::atomic<bool> go_on = false;
  Replica b(redis_, "b");
  auto a = std::make_unique<Replica>(redis_, "a", ThirdOfAUnit(), [&] {
    paused = true;
    while (!go_on) std::this_thread::yield();
    return true;
  });
  ASSERT_TRUE(a->WaitReady() && b.WaitReady());
  a->Follow();
  ASSERT_TRUE(testing::Eventually([&] { return a->Holding() > 0; }));
  for (int i = 0; i < 3; ++i) b.Submit("k" + std::to_string(i), "甲局");
  ASSERT_TRUE(testing::Eventually([&] { return paused.load(); }));
  b.Follow();
  EXPECT_TRUE(testing::Eventually([&] { return !b.Told().empty(); }));
  go_on = true;
  EXPECT_TRUE(testing::Eventually([&] { return a->Holding() == 0; }));
  EXPECT_EQ(TimesTold(b.Told()), (std::map<std::string, int>{{"甲局", 1}}));
}

// Its owner died when the alert was due, and the next one comes after the time in which it counts
// as told in time.
TEST_F(FollowerTest, WhatIsToldLongAfterItWasDueIsMarkedAndCounted) {
  std::atomic<bool> dead = false;
  Replica a(redis_, "a", ThirdOfAUnit(), [&dead] {
    dead = true;
    return false;
  });
  ASSERT_TRUE(a.WaitReady());
  a.Follow();
  ASSERT_TRUE(testing::Eventually([&] { return a.Holding() > 0; }));
  for (int i = 0; i < 3; ++i) a.Submit("k" + std::to_string(i), "甲局");
  ASSERT_TRUE(testing::Eventually([&] { return dead.load(); }));

  Replica b(redis_, "b", ThirdOfAUnit(), nullptr, {}, absl::Milliseconds(1));
  ASSERT_TRUE(b.WaitReady());
  b.Follow();
  ASSERT_TRUE(testing::Eventually([&] { return !b.Told().empty(); }));
  const domain::Alert alert = b.Told().front();
  EXPECT_TRUE(alert.group->late);
  EXPECT_GT(alert.raised_at, alert.group->due_at);
  EXPECT_TRUE(testing::Eventually([&] { return b.Late() == 1; }));
  EXPECT_EQ(a.Late(), 0);
}

// The place is moved all the while, and what waits lies further back than the route reaches.
TEST_F(FollowerTest, WhatWaitsForOfficesToOpenIsToldByWhoeverFollowsThen) {
  base::FakeClock clock(absl::FromCivil(absl::CivilMinute(2026, 9, 18, 18, 0),  // a Friday
                                        domain::ChinaTime()));
  auto routes = std::make_shared<RouteSet>(*ThirdOfAUnit());
  routes->routes[0].times = Times::kOfficeHours;
  std::get<ThresholdRule>(routes->routes[0].rule).window = absl::Hours(1);
  std::get<ThresholdRule>(routes->routes[0].rule).repeat = absl::Hours(1);
  const auto start = [&] {
    auto replica = std::make_unique<Replica>(redis_, "a", routes, nullptr,
                                             std::vector<std::string>(), absl::Minutes(5), &clock);
    EXPECT_TRUE(replica->WaitReady());
    replica->Follow();
    EXPECT_TRUE(testing::Eventually([&] { return replica->Holding() > 0; }));
    return replica;
  };
  const auto place = [&] { return redis_.Call({"HGET", "sv:{0}:rs", "p"}); };
  auto a = start();
  for (int i = 0; i < 3; ++i) a->Submit("k" + std::to_string(i), "甲局");
  ASSERT_TRUE(testing::Eventually([&] { return a->Clues() == 3; }));
  const std::string before = place();
  clock.Advance(absl::Hours(30));
  a->Submit("sunday", "乙局");
  ASSERT_TRUE(testing::Eventually([&] { return place() != before; }));
  a.reset();
  a = start();
  ASSERT_TRUE(testing::Eventually([&] { return a->Clues() > 0; }));
  clock.Advance(absl::Hours(33));
  EXPECT_TRUE(testing::Eventually([&] { return !a->Told().empty(); }));
  EXPECT_EQ(TimesTold(a->Told()), (std::map<std::string, int>{{"甲局", 1}}));
}

TEST_F(FollowerTest, WhenTheCalendarEndsIsShownWhileARouteGoesByIt) {
  base::FakeClock clock(absl::FromCivil(absl::CivilMinute(2026, 9, 18, 9, 0), domain::ChinaTime()));
  auto routes = std::make_shared<RouteSet>(*ThirdOfAUnit());
  routes->calendar.years[2026];
  Replica a(redis_, "a", routes, nullptr, {}, absl::Minutes(5), &clock);
  ASSERT_TRUE(a.WaitReady());
  a.Follow();
  ASSERT_TRUE(testing::Eventually([&] { return a.Holding() > 0; }));
  EXPECT_EQ(a.CalendarEnds(), 0);
  const auto ends = [](int year) {
    return static_cast<double>(
        absl::ToUnixSeconds(absl::FromCivil(absl::CivilYear(year), domain::ChinaTime())));
  };
  for (const int year : {2027, 2028}) {
    routes = std::make_shared<RouteSet>(*routes);
    routes->routes[0].times = Times::kOfficeHours;
    if (year == 2028) routes->calendar.years[2027];
    a.slot()->Put(routes);
    EXPECT_TRUE(testing::Eventually([&] { return a.CalendarEnds() == ends(year); }));
  }
}

TEST_F(FollowerTest, ASurgeIsToldOnceTheLogGoesBackFarEnoughToSayWhatIsUsual) {
  base::FakeClock clock(absl::FromCivil(absl::CivilMinute(2026, 9, 18, 9, 0), domain::ChinaTime()));
  auto routes = std::make_shared<RouteSet>(*ThirdOfAUnit());
  routes->routes[0].rule = SurgeRule{3, absl::Hours(1), 2, 3, absl::Hours(1)};
  auto a = std::make_unique<Replica>(redis_, "a", routes, nullptr, std::vector<std::string>(),
                                     absl::Minutes(5), &clock);
  ASSERT_TRUE(a->WaitReady());
  a->Follow();
  for (const int round : {1, 2}) {
    ASSERT_TRUE(testing::Eventually([&] { return a->Holding() > 0; }));
    for (int i = 0; i < 3; ++i) a->Submit(std::to_string(round) + "-" + std::to_string(i), "甲局");
    ASSERT_TRUE(testing::Eventually([&] { return a->Clues() == 3 * round; }));
    EXPECT_THAT(a->Told(), IsEmpty());
    a.reset();
    a = std::make_unique<Replica>(redis_, "a", routes, nullptr, std::vector<std::string>(),
                                  absl::Minutes(5), &clock);
    ASSERT_TRUE(a->WaitReady());
    a->Follow();
    clock.Advance(absl::Minutes(50));
  }
  // The second round is of the hour before.
  clock.Advance(absl::Minutes(30));
  ASSERT_TRUE(testing::Eventually([&] { return a->Holding() > 0; }));
  for (int i = 0; i < 9; ++i) a->Submit("3-" + std::to_string(i), "甲局");
  EXPECT_TRUE(testing::Eventually([&] { return !a->Told().empty(); }));
  EXPECT_EQ(a->Told().front().group->usual, 3);
}

// Or the first alert of a route would be no increase of anything.
TEST_F(FollowerTest, ARouteHasItsCounterBeforeItTellsAnything) {
  Replica a(redis_, "a", ThirdOfAUnit(false));
  a.Follow();
  EXPECT_TRUE(testing::Eventually([&] { return a.CountOf("unit") == 0.0; }));
}

ledger::DerivedAlert ExampleDerived(const std::string& trigger) {
  ledger::DerivedAlert derived;
  derived.trigger = trigger;
  derived.alert.kind = domain::AlertKind::kThresholdReached;
  derived.alert.facets.scenario = domain::Scenario::kJudicial;
  derived.alert.facets.risk = domain::Risk::kMedium;
  derived.alert.facets.region_code = "3304";
  derived.alert.facets.unit.name = "甲局";
  auto group = std::make_shared<domain::AlertGroup>();
  group->route = "unit";
  group->digest = "digest";
  group->total = 3;
  derived.alert.group = std::move(group);
  return derived;
}

TEST_F(FollowerTest, AVersionIsWrittenOnceAndByTheHolderOnly) {
  Replica a(redis_, "a", ThirdOfAUnit(false));
  ASSERT_TRUE(a.WaitReady());
  const auto lease = a.Take();
  ASSERT_TRUE(lease.ok() && lease->fence > 0);
  EXPECT_EQ(*a.Tell(lease->fence, ExampleDerived("c1")), DeriveResult::kDone);
  EXPECT_EQ(*a.Tell(lease->fence, ExampleDerived("c1")), DeriveResult::kToldBefore);
  EXPECT_EQ(*a.Tell(lease->fence + 1, ExampleDerived("c2")), DeriveResult::kLost);
  EXPECT_EQ(*a.Tell(lease->fence - 1, ExampleDerived("c2")), DeriveResult::kLost);
  EXPECT_THAT(a.Told(), SizeIs(1));
  // The oracle of these tests would see it if one alert were written under two names.
  EXPECT_EQ(*a.Tell(lease->fence, ExampleDerived("c3")), DeriveResult::kDone);
  EXPECT_EQ(TimesTold(a.Told()), (std::map<std::string, int>{{"甲局", 2}}));
}

TEST_F(FollowerTest, ADerivedAlertIsHandledListedAndScopedAsAnyOtherAndIsNoClue) {
  Replica a(redis_, "a", ThirdOfAUnit(false));
  ASSERT_TRUE(a.WaitReady());
  const auto lease = a.Take();
  ASSERT_TRUE(lease.ok());
  ASSERT_EQ(*a.Tell(lease->fence, ExampleDerived("c1")), DeriveResult::kDone);
  const domain::Alert told = a.Told().front();
  const auto list = [&](ledger::ListQuery::Kind kind, domain::Scope scope) {
    ledger::ListQuery query;
    query.kind = kind;
    query.scope = std::move(scope);
    query.filter.unit = "甲局";
    return Await<ledger::ListPage>([&](ledger::Ledger::Callback<ledger::ListPage> done) {
             a->List(query, kPatience, std::move(done));
           })
        ->clues;
  };
  EXPECT_THAT(list(ledger::ListQuery::Kind::kAlerts, {}), SizeIs(1));
  EXPECT_THAT(list(ledger::ListQuery::Kind::kClues, {}), IsEmpty());
  // Of the county 330401 alone it says too much.
  domain::Scope county;
  county.regions = {"330401"};
  EXPECT_THAT(list(ledger::ListQuery::Kind::kAlerts, county), IsEmpty());
  const auto get = [&](domain::Scope scope) {
    return Await<domain::Alert>([&](ledger::Ledger::Callback<domain::Alert> done) {
      a->GetAlert(told.id, std::move(scope), kPatience, std::move(done));
    });
  };
  EXPECT_THAT(get(county), FailsWith(domain::Reason::kAlertNotFound));
  ASSERT_TRUE(get({}).ok());
  EXPECT_EQ(*get({})->group, *told.group);
  EXPECT_THAT(Await<ledger::ClueRecord>([&](ledger::Ledger::Callback<ledger::ClueRecord> done) {
                a->GetClue(told.clue_id, {}, kPatience, std::move(done));
              }),
              FailsWith(domain::Reason::kClueNotFound));

  const auto step =
      Await<ledger::AlertReceipt>([&](ledger::Ledger::Callback<ledger::AlertReceipt> done) {
        a->TakeStep(testing::StepOf(told, domain::AlertAction::kAcknowledge, "r1"), kPatience,
                    std::move(done));
      });
  ASSERT_TRUE(step.ok()) << step.status();
  // The next version of the route keeps what people did, and goes on in the alert's versions.
  ledger::DerivedAlert next = ExampleDerived("c1");
  next.version = 2;
  ASSERT_EQ(*a.Tell(lease->fence, next), DeriveResult::kDone);
  EXPECT_EQ(get({})->version, 3u);
  EXPECT_EQ(get({})->facets.state, domain::AlertState::kAcknowledged);
  // Graver, it is open again.
  next.version = 3;
  next.alert.facets.risk = domain::Risk::kHigh;
  ASSERT_EQ(*a.Tell(lease->fence, next), DeriveResult::kDone);
  EXPECT_EQ(get({})->facets.state, domain::AlertState::kOpen);
}

TEST_F(FollowerTest, AResolvedAlertOfARouteIsOpenAgainWhenAClueJoinsIt) {
  Replica a(redis_, "a", ThirdOfAUnit(false));
  ASSERT_TRUE(a.WaitReady());
  const auto lease = a.Take();
  ASSERT_TRUE(lease.ok());
  ledger::DerivedAlert next = ExampleDerived("c1");
  auto group = std::make_shared<domain::AlertGroup>(*next.alert.group);
  ASSERT_EQ(*a.Tell(lease->fence, next), DeriveResult::kDone);
  const domain::Alert told = a.Told().front();
  const auto step =
      Await<ledger::AlertReceipt>([&](ledger::Ledger::Callback<ledger::AlertReceipt> done) {
        a->TakeStep(testing::StepOf(told, domain::AlertAction::kResolve, "r1"), kPatience,
                    std::move(done));
      });
  ASSERT_TRUE(step.ok()) << step.status();
  next.version = 2;
  ASSERT_EQ(*a.Tell(lease->fence, next), DeriveResult::kDone);
  EXPECT_EQ(a.Told().back().facets.state, domain::AlertState::kResolved) << "of the same clues";
  group->members.insert(group->members.begin(), "c2");
  ++group->total;
  next.alert.group = group;
  next.version = 3;
  ASSERT_EQ(*a.Tell(lease->fence, next), DeriveResult::kDone);
  EXPECT_EQ(a.Told().back().facets.state, domain::AlertState::kOpen);
}

TEST_F(FollowerTest, ARouteThatIsSwitchedOnTellsNothingOfWhatWasBefore) {
  Replica a(redis_, "a", ThirdOfAUnit(false));
  ASSERT_TRUE(a.WaitReady());
  a.Follow();
  for (int i = 0; i < 5; ++i) a.Submit("old-" + std::to_string(i), "甲局");
  for (int i = 0; i < 2; ++i) a.Submit("two-" + std::to_string(i), "乙局");
  a.slot()->Put(ThirdOfAUnit());
  ASSERT_TRUE(testing::Eventually([&] { return a.Holding() > 0; }));
  // The two before count, though they made nothing due.
  EXPECT_TRUE(testing::Eventually([&] {
    a.Submit("new-" + absl::FormatTime(absl::Now()), "乙局");
    return !a.Told().empty();
  }));
  EXPECT_EQ(TimesTold(a.Told()), (std::map<std::string, int>{{"乙局", 1}}));
}

// Nobody was to be told of what came meanwhile.
TEST_F(FollowerTest, WhatCameWhileTheOnlyRouteWasOffIsNotToldWhenItIsOnAgain) {
  const auto noted = [&] {
    return redis_.Call({"HGET", "sv:{0}:rs", "s"}).find("unit:") == std::string::npos;
  };
  auto a = std::make_unique<Replica>(redis_, "a");
  ASSERT_TRUE(a->WaitReady());
  a->Follow();
  std::map<std::string, int> expected;
  for (const bool at_a_start : {false, true}) {
    ASSERT_TRUE(testing::Eventually([&] { return a->Holding() > 0; }));
    ASSERT_TRUE(testing::Eventually([&] { return !noted(); }));
    if (at_a_start) {
      a.reset();
      a = std::make_unique<Replica>(redis_, "a", ThirdOfAUnit(false));
      ASSERT_TRUE(a->WaitReady());
      a->Follow();
    } else {
      a->slot()->Put(ThirdOfAUnit(false));
    }
    ASSERT_TRUE(testing::Eventually(noted));
    const std::string round = at_a_start ? "二" : "一";
    for (int i = 0; i < 3; ++i) a->Submit(round + "-off-" + std::to_string(i), "甲局" + round);
    a->slot()->Put(ThirdOfAUnit());
    ASSERT_TRUE(testing::Eventually([&] { return a->Holding() > 0; }));
    for (int i = 0; i < 3; ++i) a->Submit(round + "-on-" + std::to_string(i), "乙局" + round);
    expected["乙局" + round] = 1;
    ASSERT_TRUE(testing::Eventually([&] { return a->Told().size() >= expected.size(); }));
    EXPECT_EQ(TimesTold(a->Told()), expected);
  }
}

}  // namespace
}  // namespace supervision::combining
