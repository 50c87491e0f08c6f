#include "services/intake/shadow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/eventually.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::intake {
namespace {

using domain::Scenario;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::shared_ptr<const classification::Classifier> SortingInto(Scenario scenario) {
  return classification::Classifier::Create(
             classification::GoodCatalogue(),
             classification::GoodRules({classification::MakeRule(
                 "R-1", classification::RuleKind::kSubstance, scenario, 3, 0, {"决定书未送达"})}))
      .value();
}

class ShadowTest : public ::testing::Test {
 protected:
  ShadowTest() {
    content_.content = "处罚决定书未送达。";
    live_ = SortingInto(Scenario::kAdminEnforcement)
                ->Classify({"", content_.content, nullptr, std::nullopt});
  }

  // A clue that was accepted; whether it was its turn.
  bool Accept(Shadow& shadow, const std::string& id) {
    auto sample = shadow.Take(content_, live_);
    if (sample == nullptr) return false;
    sample->clue_id = id;
    sample->clue_version = 1;
    shadow.Offer(std::move(sample));
    return true;
  }
  static bool Compared(const Shadow& shadow, uint64_t count) {
    return testing::Eventually([&] { return shadow.counts().compared == count; });
  }

  domain::ClueContent content_;
  domain::Verdict live_;
  base::FakeClock clock_{absl::FromUnixSeconds(1772296200)};
  prometheus::Registry registry_;
  classification::ClassifierSlot candidate_;
};

TEST_F(ShadowTest, WhatTheCandidateSeesOtherwiseIsListedWithoutText) {
  candidate_.Put(SortingInto(Scenario::kJudicial));
  Shadow shadow(&candidate_, &clock_, &registry_, {.percent = 100});
  ASSERT_TRUE(Accept(shadow, "c1"));
  ASSERT_TRUE(Compared(shadow, 1));
  EXPECT_EQ(shadow.counts().scenario, 1u);
  EXPECT_EQ(shadow.counts().differing, 1u);
  const auto latest = shadow.Latest(10);
  ASSERT_THAT(latest, SizeIs(1));
  EXPECT_EQ(latest[0].clue_id, "c1");
  EXPECT_TRUE(latest[0].differs.scenario);
  EXPECT_EQ(latest[0].live.scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(latest[0].candidate.scenario, Scenario::kJudicial);
  EXPECT_THAT(latest[0].live.evidence, IsEmpty());
  EXPECT_THAT(latest[0].candidate.evidence, IsEmpty());
}

TEST_F(ShadowTest, WhatBothSeeAlikeIsOnlyCounted) {
  candidate_.Put(SortingInto(Scenario::kAdminEnforcement));
  Shadow shadow(&candidate_, &clock_, &registry_, {.percent = 100});
  ASSERT_TRUE(Accept(shadow, "c1"));
  ASSERT_TRUE(Compared(shadow, 1));
  EXPECT_EQ(shadow.counts().differing, 0u);
  EXPECT_THAT(shadow.Latest(10), IsEmpty());
}

TEST_F(ShadowTest, TheShareIsKeptExactly) {
  candidate_.Put(SortingInto(Scenario::kJudicial));
  Shadow shadow(&candidate_, &clock_, &registry_, {.percent = 10});
  int taken = 0;
  for (int i = 0; i < 1000; ++i) taken += Accept(shadow, "c") ? 1 : 0;
  EXPECT_EQ(taken, 100);
}

TEST_F(ShadowTest, OnlyTheNewestDifferencesAreKeptNewestFirst) {
  candidate_.Put(SortingInto(Scenario::kJudicial));
  Shadow shadow(&candidate_, &clock_, &registry_, {.percent = 100, .keep = 2});
  for (const char* id : {"c1", "c2", "c3"}) ASSERT_TRUE(Accept(shadow, id));
  ASSERT_TRUE(Compared(shadow, 3));
  const auto latest = shadow.Latest(10);
  ASSERT_THAT(latest, SizeIs(2));
  EXPECT_EQ(latest[0].clue_id, "c3");
  EXPECT_EQ(latest[1].clue_id, "c2");
  EXPECT_THAT(shadow.Latest(1), SizeIs(1));
}

TEST_F(ShadowTest, WithoutRoomAClueIsLeftOutAndCounted) {
  candidate_.Put(SortingInto(Scenario::kJudicial));
  Shadow shadow(&candidate_, &clock_, &registry_, {.percent = 100, .max_queued = 0});
  EXPECT_FALSE(Accept(shadow, "c1"));
  EXPECT_EQ(shadow.counts().dropped, 1u);
}

TEST_F(ShadowTest, WithoutACandidateNothingIsTaken) {
  Shadow shadow(&candidate_, &clock_, &registry_, {.percent = 100});
  EXPECT_FALSE(Accept(shadow, "c1"));
  EXPECT_EQ(shadow.counts().dropped, 0u);
}

TEST_F(ShadowTest, AfterItsEndNothingIsTaken) {
  candidate_.Put(SortingInto(Scenario::kJudicial));
  Shadow shadow(&candidate_, &clock_, &registry_, {.percent = 100});
  auto late = shadow.Take(content_, live_);
  shadow.Stop();
  shadow.Offer(std::move(late));
  EXPECT_FALSE(Accept(shadow, "c2"));
  EXPECT_EQ(shadow.counts().compared, 0u);
}

}  // namespace
}  // namespace supervision::intake
