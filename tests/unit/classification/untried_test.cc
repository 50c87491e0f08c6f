#include "services/classification/untried.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using domain::Scenario;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Part = Untried::Part;

// Matches "暂扣" and "扣押清单", with everything that a rule can have beside its words.
Rule SeizureRule() {
  Rule rule = MakeRule("ENF.SEIZURE", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1,
                       {"暂扣", "扣押清单"});
  rule.with = Phrases({"所里"});
  rule.without = Phrases({"复议"});
  rule.unless = Phrases({"物业"});
  rule.section = RuleSection::kTitle;
  return rule;
}

std::vector<Part> PartsOf(const Rule& rule) {
  const RuleSet rules = GoodRules({rule});
  const auto untried = FindUntried(rules);
  EXPECT_TRUE(untried.ok()) << untried.status();
  std::vector<Part> parts;
  for (const Untried& one : *untried) {
    EXPECT_EQ(one.rule, &rules.rules[0]);
    parts.push_back(one.part);
  }
  return parts;
}

TEST(UntriedTest, ACounterExampleForEachConditionIsEnough) {
  Rule rule = SeizureRule();
  rule.counter_examples = Phrases(
      {"家里暂扣玩具\n无", "所里暂扣，已复议\n无", "所里说物业暂扣\n无", "所里的事\n所里暂扣"});
  EXPECT_THAT(PartsOf(rule), IsEmpty());
}

TEST(UntriedTest, OneThatTwoConditionsKeepOutTriesNeither) {
  Rule rule = SeizureRule();
  rule.counter_examples = Phrases({"家里说物业暂扣，已复议\n无"});
  EXPECT_THAT(PartsOf(rule),
              ElementsAre(Part::kWith, Part::kWithout, Part::kUnless, Part::kSection));
}

TEST(UntriedTest, OneFarFromAllWordsIsTold) {
  Rule rule = MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1,
                       {"扣押清单", "$TAKEN…不还"});
  rule.counter_examples = Phrases({"今天天气很好"});
  RuleSet rules = GoodRules({rule});
  rules.lexicons.push_back({{"rules.yaml", 1}, "TAKEN", Phrases({"拖走"})});
  auto untried = FindUntried(rules);
  ASSERT_TRUE(untried.ok()) << untried.status();
  ASSERT_EQ(untried->size(), 1U);
  EXPECT_THAT(ToString((*untried)[0]), HasSubstr("rules.yaml:3: rule ENF.X: its counter-examples"));
  for (const char* near : {"清单在这里", "扣 押了", "垃圾拖走了"}) {
    rules.rules[0].counter_examples = Phrases({"今天天气很好", near});
    untried = FindUntried(rules);
    ASSERT_TRUE(untried.ok()) << untried.status();
    EXPECT_THAT(*untried, IsEmpty()) << near;
  }
}

TEST(UntriedTest, WhereNothingCanComeNearNothingIsAsked) {
  Rule rule = MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1,
                       {"罚款", "<persons:5>"});
  rule.counter_examples = Phrases({"今天天气很好"});
  EXPECT_THAT(PartsOf(rule), IsEmpty());
}

TEST(UntriedTest, ARuleWithoutCounterExamplesIsToldElsewhere) {
  EXPECT_THAT(PartsOf(SeizureRule()), IsEmpty());
}

TEST(UntriedTest, BrokenPatternsAreTold) {
  RuleSet rules = GoodRules({SeizureRule()});
  rules.rules[0].any = Phrases({"{罚款"});
  EXPECT_THAT(std::string(FindUntried(rules).status().message()), HasSubstr("rules.yaml:7"));
}

}  // namespace
}  // namespace supervision::classification
