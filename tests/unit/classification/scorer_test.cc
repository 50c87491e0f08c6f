// How the rules' HIGH and the model's opinion of it come together.

#include "services/classification/scorer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/unit/classification/rules_for_test.h"

namespace supervision::classification {
namespace {

using domain::Risk;
using domain::Scenario;

// The verdict on a text in which a rule of signal HIGH matched and which the model finds HIGH with
// this probability, if it is in scope at all.
domain::Verdict WithHigh(float high, float in_scope = 1, const Persons& persons = {}) {
  Rule rule = MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"强拆"});
  rule.signal = Risk::kHigh;
  const RuleSet set = GoodRules({rule});
  const Scorer scorer(set, {&set.rules[0]});
  Opinion opinion;
  opinion.probabilities[static_cast<size_t>(Scenario::kAdminEnforcement)] = in_scope;
  opinion.probabilities[static_cast<size_t>(Scenario::kOutOfScope)] = 1 - in_scope;
  opinion.high = high;
  return scorer.Score({{0, domain::TextPart::kContent, 0, 2}}, persons, &opinion);
}

TEST(ScorerTest, HighStandsWhereTheModelAgrees) {
  const domain::Verdict verdict = WithHigh(0.9F);
  EXPECT_EQ(verdict.risk, Risk::kHigh);
  EXPECT_FALSE(verdict.needs_review);
}

TEST(ScorerTest, HighInDoubtIsRatedJustBelowAndGoesToAPerson) {
  const domain::Verdict verdict = WithHigh(0.45F);
  EXPECT_EQ(verdict.risk, Risk::kMedium);
  EXPECT_EQ(verdict.risk_score, 69);
  EXPECT_TRUE(verdict.needs_review);
  EXPECT_EQ(verdict.risk_reasons.back().code, "MODEL:HIGH_IN_DOUBT");
}

TEST(ScorerTest, HighThatPeopleRarelySayIsRatedBelowWithoutAReview) {
  const domain::Verdict verdict = WithHigh(0.1F);
  EXPECT_EQ(verdict.risk, Risk::kMedium);
  EXPECT_FALSE(verdict.needs_review);
  EXPECT_EQ(verdict.risk_reasons.back().code, "MODEL:HIGH_UNLIKELY");
}

// The same where nothing but what the partner tells beside the text makes it HIGH.
domain::Verdict WithPersons(const Persons& persons, Risk base = Risk::kMedium) {
  RuleSet set = GoodRules(
      {MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"占道"})});
  set.rules[0].problem = "ENF-27";
  set.problems = {{.code = "ENF-27", .scenario = Scenario::kAdminEnforcement, .risk = base}};
  const Scorer scorer(set, {&set.rules[0]});
  Opinion opinion;
  opinion.probabilities[static_cast<size_t>(Scenario::kAdminEnforcement)] = 1;
  opinion.high = 0.1F;
  return scorer.Score({{0, domain::TextPart::kContent, 0, 2}}, persons, &opinion);
}

TEST(ScorerTest, ANumberOfPersonsThatTheModelNeverSawIsNotOverruledByIt) {
  EXPECT_EQ(WithPersons({.told = 500}).risk, Risk::kHigh);
  EXPECT_EQ(WithPersons({.told = 500}).risk_score, 45 + 25);
  EXPECT_EQ(WithPersons({.told = 29}).risk, Risk::kMedium);
  EXPECT_EQ(WithPersons({.in_text = 500}).risk_score, 69) << "the model saw that";
  EXPECT_EQ(WithPersons({.in_text = 500, .told = 500}).risk_score, 69) << "nothing that it missed";
  EXPECT_EQ(WithPersons({.in_text = 10, .told = 500}).risk_score, 45 + 25);
}

TEST(ScorerTest, WhatTheModelDoubtsInTheTextDoesNotCountTwiceWithThePartnersNumber) {
  EXPECT_EQ(WithPersons({}, Risk::kHigh).risk_score, 69);
  EXPECT_EQ(WithPersons({.told = 5}, Risk::kHigh).risk, Risk::kHigh) << "69 and 10";
  // A signal lifts to a place and adds nothing: below stands 45.
  EXPECT_EQ(WithHigh(0.1F, 1, {.told = 5}).risk_score, 69);
  EXPECT_EQ(WithHigh(0.1F, 1, {.told = 30}).risk, Risk::kHigh);
}

// A text of enforcement in which the grave sign of another class stands.
TEST(ScorerTest, TheGraveSignOfAnotherClassCountsOnlyWhereThatIsTheSecondReading) {
  std::vector<Rule> rules = {
      MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"占道"}),
      MakeRule("AUD.X", RuleKind::kSubstance, Scenario::kAuditFiscalStatistics, 1, 1, {"代填"})};
  rules[1].signal = Risk::kHigh;
  const auto rate = [&](Scenario scenario, float other) {
    const RuleSet set = GoodRules(rules);
    const Scorer scorer(set, {&set.rules[0], &set.rules[1]});
    Opinion opinion;
    opinion.probabilities[static_cast<size_t>(scenario)] = 1 - other;
    opinion.probabilities[static_cast<size_t>(Scenario::kAuditFiscalStatistics)] += other;
    return scorer
        .Score({{0, domain::TextPart::kContent, 0, 2}, {1, domain::TextPart::kContent, 3, 5}}, {},
               &opinion)
        .risk;
  };
  EXPECT_EQ(rate(Scenario::kAdminEnforcement, 0), Risk::kMedium);
  EXPECT_EQ(rate(Scenario::kAdminEnforcement, 0.3F), Risk::kHigh);
  EXPECT_EQ(rate(Scenario::kAuditFiscalStatistics, 0), Risk::kHigh);
  EXPECT_NE(rate(Scenario::kOutOfScope, 0), Risk::kUnspecified)
      << "nothing that may be HIGH is silent";
  rules[1] = MakeRule("R.X", RuleKind::kRisk, Scenario::kUnspecified, 0, 0, {"跳楼"});
  rules[1].signal = Risk::kHigh;
  EXPECT_EQ(rate(Scenario::kAdminEnforcement, 0), Risk::kHigh) << "a risk is of no class";
}

// Whatever order the matches come in: many of equal strength, in the title and in the content, at
// the same places.
TEST(ScorerTest, EvidenceOfEqualStrengthStandsInTheOrderOfTheText) {
  constexpr uint32_t kPlaces = 12;
  std::vector<Rule> rules;
  for (uint32_t i = 0; i < 2 * kPlaces; ++i) {
    rules.push_back(MakeRule("ENF.R" + std::to_string(i), RuleKind::kSubstance,
                             Scenario::kAdminEnforcement, 2, 1, {"强拆"}));
  }
  const RuleSet set = GoodRules(rules);
  std::vector<const Rule*> all;
  std::vector<RuleMatch> matches;
  for (uint32_t i = 0; i < 2 * kPlaces; ++i) {
    all.push_back(&set.rules[i]);
    // The later rules match in the title.
    const auto part = i < kPlaces ? domain::TextPart::kContent : domain::TextPart::kTitle;
    matches.push_back({i, part, i % kPlaces, i % kPlaces + 2});
  }
  const Scorer scorer(set, all);
  Opinion opinion;
  opinion.probabilities[static_cast<size_t>(Scenario::kAdminEnforcement)] = 1;
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  for (int round = 0; round < 100; ++round) {
    std::shuffle(matches.begin(), matches.end(), random);
    const domain::Verdict verdict = scorer.Score(matches, {}, &opinion);
    ASSERT_EQ(verdict.evidence.size(), 16u);
    for (uint32_t i = 0; i < 16; ++i) {
      const domain::EvidenceSpan& span = verdict.evidence[i];
      EXPECT_EQ(span.part, i < kPlaces ? domain::TextPart::kTitle : domain::TextPart::kContent);
      EXPECT_EQ(span.begin, i % kPlaces);
    }
  }
}

// A rule of each of two classes with a problem model of its own; the other class's is graver.
RuleSet TwoProblems() {
  std::vector<Rule> rules = {
      MakeRule("ENF.X", RuleKind::kSubstance, Scenario::kAdminEnforcement, 2, 1, {"强拆"}),
      MakeRule("PET.X", RuleKind::kSubstance, Scenario::kPetitionDispute, 3, 1, {"信访"})};
  rules[0].problem = "ENF-01";
  rules[1].problem = "PET-01";
  RuleSet set = GoodRules(rules);
  set.problems = {
      {.code = "ENF-01", .scenario = Scenario::kAdminEnforcement, .risk = Risk::kMedium},
      {.code = "ENF-02", .scenario = Scenario::kAdminEnforcement, .risk = Risk::kMedium},
      {.code = "PET-01", .scenario = Scenario::kPetitionDispute, .risk = Risk::kHigh}};
  return set;
}

// The verdict on a text of enforcement in which the rules of both problems matched, where the model
// has learnt `learnt`.
domain::Verdict OnTwoProblems(const std::vector<LearntProblem>& learnt) {
  const RuleSet set = TwoProblems();
  const Scorer scorer(set, {&set.rules[0], &set.rules[1]});
  Opinion opinion;
  opinion.probabilities[static_cast<size_t>(Scenario::kAdminEnforcement)] = 1;
  opinion.problems = [&](Scenario) { return std::span<const LearntProblem>(learnt); };
  return scorer.Score(
      {{0, domain::TextPart::kContent, 0, 2}, {1, domain::TextPart::kContent, 3, 5}}, {}, &opinion);
}

TEST(ScorerTest, ProblemsOfOtherClassesAreNeitherToldNorTheBaseOfTheRisk) {
  const domain::Verdict verdict = OnTwoProblems({});
  EXPECT_EQ(verdict.problem_codes, std::vector<std::string>{"ENF-01"});
  EXPECT_EQ(verdict.risk_reasons.front().code, "BASE:ENF-01");
  EXPECT_EQ(verdict.risk, Risk::kMedium);
}

TEST(ScorerTest, ALearntProblemNeedsLessOfTheModelWhereItsRuleMatched) {
  using Codes = std::vector<std::string>;
  EXPECT_EQ(OnTwoProblems({{"ENF-01", 0.2F}}).problem_codes, Codes{"ENF-01"});
  EXPECT_EQ(OnTwoProblems({{"ENF-01", 0.1F}}).problem_codes, Codes());
  EXPECT_EQ(OnTwoProblems({{"ENF-02", 0.5F}, {"ENF-01", 0.2F}}).problem_codes,
            (Codes{"ENF-02", "ENF-01"}));
  EXPECT_EQ(OnTwoProblems({{"ENF-02", 0.3F}}).problem_codes, Codes{"ENF-01"})
      << "what was not learnt is the rules' own";
  EXPECT_EQ(OnTwoProblems({{"ENF-99", 0.9F}}).problem_codes, Codes{"ENF-01"})
      << "a model may know more than the rules in force";
}

TEST(ScorerTest, HighNeedsASureScope) { EXPECT_EQ(WithHigh(0.9F, 0.5F).risk, Risk::kMedium); }

TEST(ScorerTest, HighInATextOutOfScopeIsRatedBelowButGoesToAPerson) {
  const domain::Verdict verdict = WithHigh(0.9F, 0.1F);
  EXPECT_EQ(verdict.scenario, Scenario::kOutOfScope);
  EXPECT_EQ(verdict.risk, Risk::kMedium);
  EXPECT_TRUE(verdict.needs_review);
}

TEST(ScorerTest, OutOfScopeIsOnlyWhatIsLikelyEnoughToBe) {
  const RuleSet set = GoodRules({});
  const Scorer scorer(set, {});
  Opinion opinion;
  opinion.probabilities[static_cast<size_t>(Scenario::kAdminEnforcement)] = 0.30F;
  opinion.probabilities[static_cast<size_t>(Scenario::kPetitionDispute)] = 0.25F;
  opinion.probabilities[static_cast<size_t>(Scenario::kDecisionDisclosure)] = 0.11F;
  opinion.probabilities[static_cast<size_t>(Scenario::kOutOfScope)] = 0.34F;
  EXPECT_EQ(scorer.Score({}, {}, &opinion).scenario, Scenario::kAdminEnforcement);
}

}  // namespace
}  // namespace supervision::classification
