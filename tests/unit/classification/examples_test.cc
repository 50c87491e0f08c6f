#include "services/classification/examples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using domain::Scenario;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Rule FineRule() {
  return MakeRule("ENF.FINE", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"罚款"});
}

TEST(ExamplesTest, ThoseThatHoldAreOnlyCounted) {
  Rule rule = FineRule();
  rule.unless = Phrases({"不罚款"});
  rule.examples = Phrases({"被罚款五百元", "罚 款 不退"});
  rule.counter_examples = Phrases({"这次不罚款"});
  const RuleSet rules = GoodRules({rule});
  const auto report = RunExamples(rules);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->mistakes, IsEmpty());
  EXPECT_EQ(report->rules, 1U);
  EXPECT_EQ(report->examples, 2U);
  EXPECT_EQ(report->counter_examples, 1U);
  EXPECT_THAT(report->without_examples, IsEmpty());
}

TEST(ExamplesTest, EachThatFailsIsToldWithItsPlace) {
  Rule rule = FineRule();
  rule.examples = Phrases({"没有收据"});
  rule.counter_examples = Phrases({"罚款五百元"});
  rule.counter_examples[0].origin.line = 9;
  const RuleSet rules = GoodRules({rule});
  const auto report = RunExamples(rules);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->mistakes.size(), 2U);
  EXPECT_THAT(ToString(report->mistakes[0]), HasSubstr("rules.yaml:7: rule ENF.FINE: the example"));
  EXPECT_THAT(ToString(report->mistakes[1]),
              HasSubstr("rules.yaml:9: rule ENF.FINE: the counter-example"));
}

TEST(ExamplesTest, AnExampleOfOneRuleDoesNotCountForAnother) {
  Rule other = MakeRule("PET.X", RuleKind::kSubstance, Scenario::kPetitionDispute, 1, 1, {"信访"});
  other.examples = Phrases({"罚款五百元"});
  const RuleSet rules = GoodRules({FineRule(), other});
  const auto report = RunExamples(rules);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->mistakes.size(), 1U);
  EXPECT_EQ(report->mistakes[0].rule->id, "PET.X");
}

TEST(ExamplesTest, ARuleWithOneKindOnlyIsListed) {
  Rule rule = FineRule();
  rule.examples = Phrases({"被罚款五百元"});
  const RuleSet rules = GoodRules({rule});
  const auto report = RunExamples(rules);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->without_examples, ElementsAre(&rules.rules[0]));
}

TEST(ExamplesTest, OfTwoLinesTheFirstIsTheTitle) {
  Rule rule = FineRule();
  rule.section = RuleSection::kTitle;
  rule.examples = Phrases({"罚款不退\n去年的事"});
  rule.counter_examples = Phrases({"去年的事\n罚款不退", "罚款不退"});
  const RuleSet rules = GoodRules({rule});
  const auto report = RunExamples(rules);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->mistakes, IsEmpty());
}

TEST(ExamplesTest, WhatNothingIsShownForIsListed) {
  RuleSet rules = GoodRules({FineRule()});
  Problem problem;
  problem.code = "ENF-01";
  rules.problems.push_back(problem);
  const auto report = RunExamples(rules);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->without_examples, ElementsAre(&rules.rules[0]));
  EXPECT_THAT(report->without_rules, ElementsAre(&rules.problems[0]));
}

TEST(ExamplesTest, BrokenPatternsAreTold) {
  RuleSet rules = GoodRules({FineRule()});
  rules.rules[0].any = Phrases({"{罚款"});
  EXPECT_THAT(std::string(RunExamples(rules).status().message()), HasSubstr("rules.yaml:7"));
}

}  // namespace
}  // namespace supervision::classification
