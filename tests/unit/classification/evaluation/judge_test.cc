#include "services/classification/evaluation/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "services/classification/catalogue.h"
#include "services/classification/rules.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using ::testing::SizeIs;

TEST(JudgeTest, MostProbableClassIsTheAnswerAndTheNextTheSecond) {
  const std::vector<std::string> classes = {"A", "B", "C"};
  const std::vector<float> probabilities = {0.125F, 0.625F, 0.25F};
  const Answer answer = AnswerOf(classes, probabilities, 0.5);
  EXPECT_EQ(answer.label, "B");
  EXPECT_EQ(answer.secondary, "C");
  EXPECT_EQ(answer.confidence, 0.625);
  EXPECT_FALSE(answer.needs_review);
  EXPECT_TRUE(AnswerOf(classes, probabilities, 0.7).needs_review);
}

TEST(JudgeTest, SecondIsFoundBeforeAndAfterTheFirst) {
  const std::vector<std::string> classes = {"A", "B", "C"};
  EXPECT_EQ(AnswerOf(classes, std::vector<float>{0.3F, 0.2F, 0.5F}, 0).secondary, "A");
  EXPECT_EQ(AnswerOf(classes, std::vector<float>{0.5F, 0.2F, 0.3F}, 0).secondary, "C");
  EXPECT_EQ(AnswerOf(classes, std::vector<float>{0.5F, 0.3F, 0.2F}, 0).secondary, "B");
}

std::unique_ptr<Classifier> Detention() {
  const Rule rule = MakeRule("ENF.X", RuleKind::kSubstance, domain::Scenario::kAdminEnforcement, 2,
                             1, {"超期扣押"});
  return Classifier::Create(GoodCatalogue(), GoodRules({rule})).value();
}

TEST(JudgeTest, EvidenceIsQuotedFromTheOriginalText) {
  const LabelledClue clue = {.id = "1", .title = "求助", .content = "我的車被超 期　扣押了"};
  const Answer answer = Judge(*Detention(), clue);
  EXPECT_EQ(answer.label, "ADMIN_ENFORCEMENT");
  EXPECT_FALSE(answer.risk.empty());
  ASSERT_THAT(answer.evidence, SizeIs(1));
  EXPECT_EQ(answer.evidence[0].text, "超 期　扣押");
  EXPECT_EQ(answer.evidence[0].source, "ENF.X");
  EXPECT_EQ(answer.evidence[0].speaks_for, "ADMIN_ENFORCEMENT");
}

TEST(JudgeTest, WhatIsOutOfScopeHasNoRisk) {
  const LabelledClue clue = {.id = "1", .title = "你好", .content = "今天天气很好。"};
  const Answer answer = Judge(*Detention(), clue);
  EXPECT_EQ(answer.label, "OUT_OF_SCOPE");
  EXPECT_EQ(answer.risk, "");
}

}  // namespace
}  // namespace supervision::classification
