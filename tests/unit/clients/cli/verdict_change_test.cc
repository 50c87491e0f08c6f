#include "clients/cli/verdict_change.h"

#include "gtest/gtest.h"

namespace supervision::cli {
namespace {

v1::Verdict Verdict(v1::Scenario scenario, v1::Risk risk, bool review) {
  v1::Verdict verdict;
  verdict.set_scenario(scenario);
  verdict.set_risk(risk);
  verdict.set_needs_review(review);
  return verdict;
}

const v1::Verdict kBefore = Verdict(v1::SCENARIO_JUDICIAL, v1::RISK_MEDIUM, false);

TEST(VerdictChangeTest, WhatTellsNobodyAnythingNewIsNoChange) {
  v1::Verdict after = kBefore;
  after.set_confidence(0.4F);
  after.set_rules_version("later");
  after.set_secondary_scenario(v1::SCENARIO_RECONSIDERATION);
  after.add_problem_codes("JUD-1");
  EXPECT_FALSE(CompareVerdicts("c00", 1, kBefore, after).any());
}

TEST(VerdictChangeTest, ScenarioRiskAndReviewAreEachAChange) {
  const auto scenario = CompareVerdicts("c00", 3, kBefore,
                                        Verdict(v1::SCENARIO_OUT_OF_SCOPE, v1::RISK_MEDIUM, false));
  EXPECT_TRUE(scenario.scenario && !scenario.risk && !scenario.review && scenario.any());
  EXPECT_EQ(scenario.clue_id, "c00");
  EXPECT_EQ(scenario.clue_version, 3u);
  EXPECT_EQ(scenario.before.scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_EQ(scenario.after.scenario(), v1::SCENARIO_OUT_OF_SCOPE);
  const auto risk =
      CompareVerdicts("c00", 1, kBefore, Verdict(v1::SCENARIO_JUDICIAL, v1::RISK_LOW, false));
  EXPECT_TRUE(!risk.scenario && risk.risk && !risk.review && risk.any());
  const auto review =
      CompareVerdicts("c00", 1, kBefore, Verdict(v1::SCENARIO_JUDICIAL, v1::RISK_MEDIUM, true));
  EXPECT_TRUE(!review.scenario && !review.risk && review.review && review.any());
}

TEST(VerdictChangeTest, CountsAddUpByWhatDiffers) {
  ChangeCounts counts;
  counts.Add(CompareVerdicts("c1", 1, kBefore, kBefore));
  counts.Add(
      CompareVerdicts("c2", 1, kBefore, Verdict(v1::SCENARIO_JUDICIAL, v1::RISK_HIGH, true)));
  counts.Add(CompareVerdicts("c3", 1, kBefore,
                             Verdict(v1::SCENARIO_RECONSIDERATION, v1::RISK_LOW, false)));
  EXPECT_EQ(counts.clues, 3);
  EXPECT_EQ(counts.changed, 2);
  EXPECT_EQ(counts.scenario, 1);
  EXPECT_EQ(counts.risk, 2);
  EXPECT_EQ(counts.raised, 1) << "MEDIUM to HIGH, not MEDIUM to LOW";
  EXPECT_EQ(counts.review, 1);
}

}  // namespace
}  // namespace supervision::cli
