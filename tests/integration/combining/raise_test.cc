// What is known against an organ over real Redis: older than what the follower reads of the log, so
// only the ledger knows it.
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/integration/combining/replica.h"

namespace supervision::combining {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::TestLedger;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr int kUnits = 8;

// HIGH from the third clue about an organ that was found true within a year.
std::shared_ptr<const RouteSet> UnitHistory() {
  Route route;
  route.id = "record";
  route.enabled = true;
  route.title_zh = "结合单位历史上调风险";
  route.title_en = "graver with the unit's history";
  route.by = {GroupBy::kUnit};
  route.rule = RaiseRule{{{Counts::kHandled, {GroupBy::kUnit}, 366 * kDay, 10, 10, /*free=*/2}}};
  auto routes = std::make_shared<RouteSet>();
  routes->version = "1";
  routes->routes = {std::move(route)};
  return routes;
}

ledger::Submission ClueAbout(const std::string& unit, const std::string& key) {
  ledger::Submission submission = testing::ExampleSubmission(key);
  submission.content.unit = {unit, ""};
  submission.verdict.risk_reasons = {{"BASE:X", 65, "基础分", "base"}};
  return submission;
}

class RaiseTest : public ::testing::Test {
 protected:
  // Clues about `unit` that came so long ago and were found true and dealt with.
  void TakeHandled(const std::string& unit, int count, absl::Duration ago) {
    base::FakeClock clock(absl::Now() - ago);
    ledger::Ledger::Options options = testing::OptionsFor(redis_);
    options.partitions = kPartitions;
    TestLedger ledger(options, &clock);
    ASSERT_TRUE(ledger.WaitReady());
    for (int i = 0; i < count; ++i) {
      const std::string key = absl::StrCat("old-", ++made_);
      const auto receipt = ledger.Submit(ClueAbout(unit, key));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
      domain::Alert alert;
      alert.id = receipt->alert_id;
      alert.version = 1;
      const auto step =
          ledger.Step(testing::StepOf(alert, domain::AlertAction::kResolve, "resolve-" + key));
      ASSERT_TRUE(step.ok()) << step.status();
    }
  }

  testing::RedisServer redis_;
  int made_ = 0;
};

TEST_F(RaiseTest, WhatWasDealtWithLongBeforeTheLogIsReadRaisesTheNextClue) {
  ASSERT_NO_FATAL_FAILURE(TakeHandled("甲局", 2, 400 * kDay));
  ASSERT_NO_FATAL_FAILURE(TakeHandled("乙局", 2, 200 * kDay));
  ASSERT_NO_FATAL_FAILURE(TakeHandled("甲局", 3, 200 * kDay));
  Replica a(redis_, "a", UnitHistory());
  ASSERT_TRUE(a.WaitReady());
  a.Follow();
  ASSERT_TRUE(Eventually([&] { return a.Holding() > 0; }));
  a.Submit(ClueAbout("乙局", "two-cases"));
  const ledger::Receipt clue = a.Submit(ClueAbout("甲局", "three-cases"));
  ASSERT_TRUE(Eventually([&] { return !a.Told().empty(); }));
  const domain::Alert told = a.Told().front();
  EXPECT_EQ(told.kind, domain::AlertKind::kRiskRaised);
  EXPECT_EQ(told.facets.risk, domain::Risk::kHigh);
  EXPECT_EQ(told.facets.unit.name, "甲局");
  EXPECT_EQ(told.group->total, 4) << "those of 400 days ago are too old";
  EXPECT_EQ(told.group->members.front(), clue.clue_id);
  ASSERT_THAT(told.risk_reasons, SizeIs(2));
  EXPECT_EQ(told.risk_reasons[1].code, "ROUTE:record:HANDLED");
  EXPECT_EQ(told.risk_reasons[1].points, 10);
  EXPECT_THAT(told.group->arithmetic_zh, HasSubstr("366天内同单位查实处置3条，加10分"));
  EXPECT_THAT(told.group->arithmetic_en, HasSubstr("found true and dealt with within 366 days"));
}

// Each owner dies when it has told one or two, and the last one is left alone.
TEST_F(RaiseTest, OwnersThatDieAreFollowedByOthersThatTellTheRestOnce) {
  for (int unit = 0; unit < kUnits; ++unit) {
    ASSERT_NO_FATAL_FAILURE(TakeHandled(absl::StrCat("单位", unit), 3, 200 * kDay));
  }
  std::vector<std::unique_ptr<std::atomic<int>>> lives;
  std::vector<std::unique_ptr<Replica>> owners;
  const auto follow = [&](int tells) {
    std::atomic<int>* const left = lives.emplace_back(new std::atomic<int>(tells)).get();
    owners.push_back(std::make_unique<Replica>(redis_, absl::StrCat("owner-", owners.size()),
                                               UnitHistory(), [left] { return (*left)-- > 0; }));
    ASSERT_TRUE(owners.back()->WaitReady());
    owners.back()->Follow();
    ASSERT_TRUE(Eventually([&] { return owners.back()->Holding() > 0; }));
  };
  ASSERT_NO_FATAL_FAILURE(follow(1));
  for (int unit = 0; unit < kUnits; ++unit) {
    owners.back()->Submit(ClueAbout(absl::StrCat("单位", unit), absl::StrCat("new-", unit)));
  }
  for (const int tells : {2, 0, 1'000}) {
    ASSERT_TRUE(Eventually([&] { return *lives.back() < 0; }));
    ASSERT_NO_FATAL_FAILURE(follow(tells));
  }
  Replica& last = *owners.back();
  ASSERT_TRUE(Eventually([&] { return last.Told().size() >= kUnits; }));
  // What comes afterwards is told too, with the clue before among the others only when it is dealt
  // with.
  last.Submit(ClueAbout("单位0", "afterwards"));
  ASSERT_TRUE(Eventually([&] { return last.Told().size() >= kUnits + 1; }));
  std::map<std::string, int> times;
  for (const domain::Alert& alert : last.Told()) {
    ++times[alert.facets.unit.name];
    EXPECT_EQ(alert.group->total, 4);
    EXPECT_EQ(alert.version, 1u);
  }
  std::map<std::string, int> expected = {{"单位0", 2}};
  for (int unit = 1; unit < kUnits; ++unit) expected[absl::StrCat("单位", unit)] = 1;
  EXPECT_EQ(times, expected);
}

}  // namespace
}  // namespace supervision::combining
