#include "services/combining/follower.h"

#include <atomic>
#include <map>
#include <optional>
#include <thread>

#include "absl/time/clock.h"
#include "services/ledger/route_desk.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::combining {
namespace {

using ledger::DeriveResult;
using testing::Await;
using testing::ExampleSubmission;
using testing::FailsWith;
using testing::Into;
using ::testing::IsEmpty;
using testing::kPatience;
using ::testing::SizeIs;

constexpr int kPartitions = 3;

// The third clue about one unit within a day.
std::shared_ptr<const RouteSet> ThirdOfAUnit(bool enabled = true) {
  Route route;
  route.id = "unit";
  route.enabled = enabled;
  route.title_zh = "同一单位多条线索";
  route.title_en = "several clues about one unit";
  route.by = {GroupBy::kUnit};
  route.rule = ThresholdRule{3, absl::Hours(24), std::nullopt, absl::Hours(24)};
  auto routes = std::make_shared<RouteSet>();
  routes->version = "1";
  routes->routes = {std::move(route)};
  return routes;
}

// A replica: a ledger of its own on the one Redis, and a follower.
class Replica {
 public:
  Replica(const testing::RedisServer& redis, std::string holder,
          std::shared_ptr<const RouteSet> routes = ThirdOfAUnit(),
          std::function<bool()> before_telling = nullptr)
      : slot_(std::move(routes)) {
    ledger::Ledger::Options options = testing::OptionsFor(redis);
    options.partitions = kPartitions;
    ledger_ = std::make_unique<ledger::Ledger>(&loop_, base::Clock::System(),
                                               observability::Logger::Null(), &registry_,
                                               std::move(options));
    Follower::Options follow;
    follow.holder = std::move(holder);
    follow.lease = absl::Milliseconds(600);
    follow.poll = absl::Milliseconds(10);
    follow.page = 7;
    follow.before_telling = std::move(before_telling);
    follower_ = std::make_unique<Follower>(ledger_.get(), &loop_, &slot_, base::Clock::System(),
                                           observability::Logger::Null(), &registry_, follow);
  }
  ~Replica() {
    follower_->Stop();
    loop_.Stop();
    follower_.reset();
    ledger_.reset();
  }

  bool WaitReady() {
    return testing::Eventually([this] { return ledger_->state().ready; });
  }
  void Follow() { follower_->Start(); }
  RouteSlot* slot() { return &slot_; }
  ledger::Ledger* operator->() { return ledger_.get(); }
  ledger::Ledger* get() { return ledger_.get(); }

  // 1 once this replica follows.
  double Holding() {
    for (const auto& family : registry_.Collect()) {
      if (family.name == "supervision_routes_holding") return family.metric[0].gauge.value;
    }
    return 0;
  }
  // What is counted for a route; nothing while it has no counter.
  std::optional<double> CountOf(const std::string& route) {
    for (const auto& family : registry_.Collect()) {
      if (family.name != "supervision_route_alerts_total") continue;
      for (const auto& metric : family.metric) {
        if (metric.label.at(0).value == route) return metric.counter.value;
      }
    }
    return std::nullopt;
  }

  void Submit(const std::string& key, const std::string& unit) {
    ledger::Submission submission = ExampleSubmission(key);
    submission.content.unit = {unit, ""};
    const auto receipt =
        Await<ledger::Receipt>([&](ledger::Ledger::Callback<ledger::Receipt> done) {
          ledger_->Submit(submission, kPatience, std::move(done));
        });
    ASSERT_TRUE(receipt.ok()) << receipt.status();
  }

  // Every alert of a route in the log, oldest first.
  std::vector<domain::Alert> Told() {
    std::vector<domain::Alert> told;
    for (int p = 0; p < kPartitions; ++p) {
      const auto page = Await<ledger::LogPage>([&](ledger::Ledger::Callback<ledger::LogPage> done) {
        ledger_->ReadLog(p, 1, 0, 1000, 1 << 20, kPatience, std::move(done));
      });
      if (!page.ok()) continue;
      for (const ledger::LogEntryPtr& entry : page->entries) {
        if (entry->event.alert.group != nullptr) told.push_back(entry->event.alert);
      }
    }
    return told;
  }

  absl::StatusOr<ledger::RouteLease> Take() {
    ledger::RouteDesk desk(ledger_.get());
    return Await<ledger::RouteLease>([&](ledger::Ledger::Callback<ledger::RouteLease> done) {
      desk.Take("me", absl::Minutes(1), kPatience, std::move(done));
    });
  }
  absl::StatusOr<DeriveResult> Tell(int64_t fence, ledger::DerivedAlert alert) {
    ledger::RouteDesk desk(ledger_.get());
    return Await<DeriveResult>([&](ledger::Ledger::Callback<DeriveResult> done) {
      desk.Tell(fence, std::move(alert), std::nullopt, kPatience, std::move(done));
    });
  }

 private:
  redis::Loop loop_;
  prometheus::Registry registry_;
  RouteSlot slot_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<Follower> follower_;
};

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
}

// It dies when it has told some of what was due, and the next one tells the rest.
TEST_F(FollowerTest, WhatTheOwnerHadNotToldWhenItDiedTheNextOneTellsOnce) {
  std::atomic<int> left = 2;
  auto a = std::make_unique<Replica>(redis_, "a", ThirdOfAUnit(), [&left] { return left-- > 0; });
  Replica b(redis_, "b");
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
  ASSERT_TRUE(testing::Eventually([&] { return left < 0; }));
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

}  // namespace
}  // namespace supervision::combining
