#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "services/classification/classifier.h"
#include "services/classification/model/format.h"
#include "services/classification/model/model.h"
#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using domain::RunnerUpReason;
using domain::Scenario;
using domain::TextPart;
using domain::ToldBefore;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Lexicon Cue(const std::string& name, const std::vector<std::string>& words) {
  return {{"rules.yaml", 5}, name, Phrases(words)};
}

// Enforcement against petitions, with cues for organs, reports and their outcome.
RuleSet TwoClasses() {
  RuleSet set = GoodRules(
      {MakeRule("ENF.SEIZED", RuleKind::kSubstance, Scenario::kAdminEnforcement, 3, 1, {"扣押"}),
       MakeRule("PET.AGAIN", RuleKind::kSubstance, Scenario::kPetitionDispute, 2, 1, {"上访"}),
       MakeRule("OUT.ASK", RuleKind::kScope, Scenario::kUnspecified, 0, -3, {"请问"})});
  set.lexicons = {Cue("CUE_ORG", {"城管", "局", "街道"}), Cue("CUE_TOLD", {"反映过", "打电话"}),
                  Cue("CUE_VAIN", {"没人来", "没下文"})};
  set.reading = {Phrases({"CUE_ORG"}), Phrases({"CUE_TOLD"}), Phrases({"CUE_VAIN"})};
  return set;
}

Problem SeizureOverdue() {
  return {.code = "ENF-06",
          .scenario = Scenario::kAdminEnforcement,
          .name_zh = "超期扣押",
          .name_en = "seizure overdue",
          .risk = domain::Risk::kHigh};
}

// Finds every text to be of enforcement, and that 甲 shows ENF-06.
std::shared_ptr<const Model> OneProblem() {
  ModelData data;
  data.version = "1";
  for (const Scenario scenario : domain::kScenarios) {
    data.classes.emplace_back(domain::Code(scenario));
    data.logit_biases.push_back(scenario == Scenario::kAdminEnforcement ? 5 : 0);
  }
  const size_t classes = data.classes.size();
  const auto enforcement = std::find(data.classes.begin(), data.classes.end(), "ADMIN_ENFORCEMENT");
  data.keys = {U'乙', U'甲'};
  data.values = {1, 1};
  data.weights.resize(2 * classes);
  data.steps.resize(classes, 1);
  data.biases.resize(classes);
  data.logits.resize(classes * classes);
  const auto klass = static_cast<uint32_t>(enforcement - data.classes.begin());
  data.problems = {{"ENF-06", klass, 0.1F, -2, {1}, {100}}};
  return Model::Load(WriteModel(data)).value();
}

domain::Explanation Explain(const RuleSet& rules, const std::string& content,
                            const std::string& title = "") {
  const auto classifier = Classifier::Create(GoodCatalogue(), rules);
  EXPECT_TRUE(classifier.ok()) << classifier.status();
  const Input input{title, content, nullptr, std::nullopt};
  domain::Explanation explanation;
  const domain::Verdict verdict = (*classifier)->Classify(input, &explanation);
  EXPECT_EQ(verdict, (*classifier)->Classify(input)) << "explaining changes no verdict";
  EXPECT_EQ(explanation.scenario, verdict.scenario);
  EXPECT_EQ(explanation.rules_version, verdict.rules_version);
  return explanation;
}

// The characters of a passage; every one here is of three bytes.
std::string Words(const std::string& text, const domain::Passage& passage) {
  return passage.given() ? text.substr(passage.begin * 3, (passage.end - passage.begin) * 3) : "";
}

TEST(ExplainerTest, TheSentenceThatDecidedTheScopeIsNamedInCodePoints) {
  const std::string text = "早上下雨。车被城管扣押了。晚上天晴。";
  const domain::Explanation explanation = Explain(TwoClasses(), text);
  EXPECT_TRUE(explanation.scope.in);
  EXPECT_EQ(explanation.scope.sentence.part, TextPart::kContent);
  EXPECT_EQ(Words(text, explanation.scope.sentence), "车被城管扣押了");
  EXPECT_EQ(Words(text, explanation.scope.act), "扣押");
  EXPECT_EQ(Words(text, explanation.scope.blamed), "城管");
}

TEST(ExplainerTest, OffsetsCountTheOriginalTextNotTheNormalisedOne) {
  const domain::Explanation explanation = Explain(TwoClasses(), "雨。車 被 城　管扣 押了");
  EXPECT_EQ(explanation.scope.sentence.begin, 2U);
  EXPECT_EQ(explanation.scope.sentence.end, 13U);
  EXPECT_EQ(explanation.scope.blamed.begin, 6U);
  EXPECT_EQ(explanation.scope.blamed.end, 9U);
}

TEST(ExplainerTest, TheNameOfAnOrganIsTakenWhole) {
  const std::string text = "我的车被县水利局扣押";
  EXPECT_EQ(Words(text, Explain(TwoClasses(), text).scope.blamed), "县水利局");
}

TEST(ExplainerTest, TellsWhetherTheOrganWasToldBefore) {
  struct Case {
    std::string text;
    ToldBefore told;
  };
  for (const Case& c :
       {Case{"车被扣押", ToldBefore::kNotSaid}, Case{"车被扣押，反映过", ToldBefore::kTold},
        Case{"没人来。车被扣押，反映过", ToldBefore::kTold},
        Case{"车被扣押，反映过。一直没人来", ToldBefore::kInVain},
        Case{"反映过。车被扣押，打电话没下文", ToldBefore::kInVain}}) {
    EXPECT_EQ(Explain(TwoClasses(), c.text).scope.told_before, c.told) << c.text;
  }
}

TEST(ExplainerTest, OutOfScopeNamesTheSentenceThatAsks) {
  const std::string text = "城管很忙。请问几点开门？";
  const domain::Explanation explanation = Explain(TwoClasses(), text);
  EXPECT_FALSE(explanation.scope.in);
  EXPECT_EQ(Words(text, explanation.scope.sentence), "请问几点开门");
  EXPECT_FALSE(explanation.scope.act.given());
  EXPECT_THAT(explanation.scope.chinese, HasSubstr("虽提到“城管”"));
  EXPECT_THAT(explanation.scope.english, HasSubstr("does not plainly blame"));
}

TEST(ExplainerTest, TheRunnerUpIsComparedByItsStrongestPassages) {
  const domain::Explanation explanation = Explain(TwoClasses(), "车被扣押，去上访");
  const domain::RunnerUp& second = explanation.runner_up;
  EXPECT_EQ(explanation.scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(second.scenario, Scenario::kPetitionDispute);
  EXPECT_EQ(second.reason, RunnerUpReason::kWeaker);
  EXPECT_THAT(second.for_verdict, ElementsAre(Field(&domain::EvidenceSpan::rule_id, "ENF.SEIZED")));
  EXPECT_THAT(second.for_runner_up,
              ElementsAre(Field(&domain::EvidenceSpan::rule_id, "PET.AGAIN")));
  EXPECT_THAT(second.chinese, HasSubstr("“扣押”支持前者，强于支持后者的“上访”"));
  EXPECT_THAT(second.english, HasSubstr("for the former “扣押”, more than for the latter “上访”"));
}

TEST(ExplainerTest, SaysWhenNothingSpeaksForTheRunnerUp) {
  const domain::RunnerUp second = Explain(TwoClasses(), "车被扣押扣押").runner_up;
  EXPECT_EQ(second.reason, RunnerUpReason::kNoPassage);
  EXPECT_THAT(second.for_runner_up, IsEmpty());
  EXPECT_THAT(second.chinese, HasSubstr("文中没有支持后者的表述"));
}

TEST(ExplainerTest, ATieIsToldAsDecidedByPrecedence) {
  RuleSet set = TwoClasses();
  set.rules[1].weight = 3.05F;  // a little more, within the margin of a tie
  const domain::Explanation explanation = Explain(set, "车被扣押，去上访");
  EXPECT_EQ(explanation.scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(explanation.runner_up.reason, RunnerUpReason::kPrecedence);
}

TEST(ExplainerTest, AFormalPaperIsToldAsTheReason) {
  RuleSet set = TwoClasses();
  set.rules[0].kind = RuleKind::kInstrument;
  EXPECT_EQ(Explain(set, "车被扣押，去上访").runner_up.reason, RunnerUpReason::kInstrument);
}

TEST(ExplainerTest, AProblemIsExplainedByThePassagesOfItsRules) {
  RuleSet set = TwoClasses();
  set.problems = {SeizureOverdue()};
  set.rules[0].problem = "ENF-06";
  const domain::Explanation explanation = Explain(set, "车被扣押，去上访");
  ASSERT_EQ(explanation.problems.size(), 1U);
  const domain::ProblemReason& problem = explanation.problems[0];
  EXPECT_EQ(problem.code, "ENF-06");
  EXPECT_EQ(problem.probability, 0) << "nothing was learnt";
  EXPECT_THAT(problem.passages, ElementsAre(Field(&domain::EvidenceSpan::rule_id, "ENF.SEIZED")));
  EXPECT_EQ(problem.chinese, "体现ENF-06超期扣押：“扣押”。");
  EXPECT_EQ(problem.english, "It shows ENF-06, seizure overdue: “扣押”.");
}

TEST(ExplainerTest, ALearntProblemIsExplainedByTheClausesThatShowIt) {
  RuleSet set = TwoClasses();
  set.problems = {SeizureOverdue()};
  const auto classifier = Classifier::Create(GoodCatalogue(), set, OneProblem());
  ASSERT_TRUE(classifier.ok()) << classifier.status();
  const std::string text = "乙来了，甲走了。乙又来，车被扣押";
  domain::Explanation explanation;
  (*classifier)->Classify({"", text, nullptr, std::nullopt}, &explanation);
  ASSERT_EQ(explanation.problems.size(), 1U);
  const domain::ProblemReason& problem = explanation.problems[0];
  EXPECT_GT(problem.probability, 0.5F);
  ASSERT_EQ(problem.passages.size(), 1U) << "ENF.SEIZED is no rule of it";
  const domain::EvidenceSpan& clause = problem.passages[0];
  EXPECT_EQ(Words(text, {clause.part, clause.begin, clause.end}), "甲走了");
  EXPECT_EQ(clause.rule_id, "MODEL.PHRASE");
  EXPECT_THAT(problem.chinese, HasSubstr("）：“甲走了”。"));
}

TEST(ExplainerTest, AVerdictWithoutProblemsExplainsNone) {
  EXPECT_THAT(Explain(TwoClasses(), "车被扣押").problems, IsEmpty());
}

TEST(ExplainerTest, AnythingMayBeExplained) {
  for (const std::string text : {"", "。", "。。！？", "局", "\xff\xfe", "扣押"}) {
    const domain::Explanation explanation = Explain(TwoClasses(), text, text);
    EXPECT_NE(explanation.runner_up.scenario, Scenario::kUnspecified);
    EXPECT_FALSE(explanation.scope.chinese.empty());
  }
}

TEST(ExplainerTest, AReadingOfUnknownNamesIsRefused) {
  RuleSet set = TwoClasses();
  set.reading.told = Phrases({"CUE_NONE"});
  const auto classifier = Classifier::Create(GoodCatalogue(), set);
  ASSERT_FALSE(classifier.ok());
  EXPECT_THAT(std::string(classifier.status().message()),
              HasSubstr("rules.yaml:7: reading: CUE_NONE is neither"));
}

}  // namespace
}  // namespace supervision::classification
