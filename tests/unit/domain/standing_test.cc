#include "services/domain/standing.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/alert_policy.h"

namespace supervision::domain {
namespace {

using ::testing::ElementsAre;

Clue Doubtful() {
  Clue clue;
  clue.id = "c00aa";
  clue.version = 1;
  clue.state = ClueState::kActive;
  clue.content.title = "决定书未送达";
  clue.content.content = "决定书没有送达。";
  clue.verdict.scenario = Scenario::kPetitionDispute;
  clue.verdict.secondary = Scenario::kAdminEnforcement;
  clue.verdict.risk = Risk::kMedium;
  clue.verdict.risk_score = 50;
  clue.verdict.risk_reasons = {{"BASE:PET-1", 50, "基础分", "base"}};
  clue.verdict.confidence = 0.3f;
  clue.verdict.needs_review = true;
  clue.verdict.rules_version = "rules-1";
  clue.verdict.evidence = {{TextPart::kContent, 0, 3, "p1", Scenario::kPetitionDispute, 1},
                           {TextPart::kContent, 3, 7, "e1", Scenario::kAdminEnforcement, 1},
                           {TextPart::kContent, 3, 5, "k1", Scenario::kUnspecified, 1}};
  return clue;
}

Correction ByPerson(const Clue& clue, Finding finding) {
  Correction correction;
  correction.by = CorrectedBy::kPerson;
  correction.author = "reviewer-1";
  correction.verdict = VerdictOf(finding, MachineVerdict(clue));
  return correction;
}

Clue Corrected(Clue clue, Finding finding) {
  clue.version += 1;
  Apply(ByPerson(clue, std::move(finding)), &clue);
  return clue;
}

Clue Reclassified(Clue clue, Scenario scenario) {
  clue.version += 1;
  Correction correction;
  correction.by = CorrectedBy::kSystem;
  correction.author = kSystemAuthor;
  correction.verdict.scenario = scenario;
  correction.verdict.risk = Risk::kMedium;
  correction.verdict.rules_version = "rules-2";
  Apply(std::move(correction), &clue);
  return clue;
}

TEST(StandingTest, VerdictsDifferInWhatDecidesWhoIsToldAndWhoLooks) {
  const Verdict verdict = Doubtful().verdict;
  Verdict other = verdict;
  other.confidence = 0.9f;
  other.rules_version = "rules-2";
  other.evidence.clear();
  EXPECT_FALSE(DifferenceOf(verdict, other).any());
  other.scenario = Scenario::kAdminEnforcement;
  EXPECT_TRUE(DifferenceOf(verdict, other).scenario);
  EXPECT_FALSE(DifferenceOf(verdict, other).risk);
  other = verdict;
  other.risk = Risk::kHigh;
  EXPECT_TRUE(DifferenceOf(verdict, other).risk);
  other = verdict;
  other.needs_review = false;
  EXPECT_TRUE(DifferenceOf(verdict, other).review);
  EXPECT_TRUE(DifferenceOf(verdict, other).any());
}

constexpr Scenario kEnforcement = Scenario::kAdminEnforcement;

TEST(StandingTest, ACorrectionStandsBesideTheMachinesVerdict) {
  const Clue before = Doubtful();
  const Clue after = Corrected(before, {kEnforcement, {}, Risk::kHigh, {"ENF-24"}});
  EXPECT_EQ(after.verdict, before.verdict);
  EXPECT_EQ(Standing(after).scenario, kEnforcement);
  EXPECT_EQ(Standing(after).secondary, Scenario::kUnspecified);
  EXPECT_EQ(Standing(after).risk, Risk::kHigh);
  EXPECT_EQ(Standing(after).confidence, 1);
  EXPECT_FALSE(Standing(after).needs_review);
  EXPECT_THAT(Standing(after).problem_codes, ElementsAre("ENF-24"));
  EXPECT_EQ(after.correction->clue_version, 2u);
}

TEST(StandingTest, OnlyEvidenceForWhatWasFoundIsKept) {
  const Verdict verdict = VerdictOf({kEnforcement, {}, Risk::kHigh, {}}, Doubtful().verdict);
  std::vector<std::string> rules;
  for (const EvidenceSpan& span : verdict.evidence) rules.push_back(span.rule_id);
  EXPECT_THAT(rules, ElementsAre("e1", "k1"));
}

TEST(StandingTest, TheAddendsOfTheRiskAreKeptWhileItIsTheSame) {
  const Verdict machine = Doubtful().verdict;
  EXPECT_EQ(VerdictOf({kEnforcement, {}, Risk::kMedium, {}}, machine).risk_reasons,
            machine.risk_reasons);
  EXPECT_TRUE(VerdictOf({kEnforcement, {}, Risk::kHigh, {}}, machine).risk_reasons.empty());
}

TEST(StandingTest, WhatAPersonDecidedIsInDoubtNoLonger) {
  EXPECT_TRUE(NeedsReview(Doubtful()));
  EXPECT_FALSE(NeedsReview(Corrected(Doubtful(), {kEnforcement, {}, Risk::kMedium, {}})));
  EXPECT_FALSE(NeedsReview(Corrected(Doubtful(), {Scenario::kOutOfScope, {}, Risk::kHigh, {}})))
      << "grave and none of ours, said by a person";
}

TEST(StandingTest, DoubtOfTheSystemsCorrectionIsStillDoubt) {
  Clue clue = Reclassified(Doubtful(), kEnforcement);
  EXPECT_FALSE(NeedsReview(clue));
  clue.correction->verdict.needs_review = true;
  EXPECT_TRUE(NeedsReview(clue));
}

TEST(StandingTest, APersonIsComparedWithTheLastWordOfTheMachine) {
  const Clue moved = Reclassified(Doubtful(), kEnforcement);
  const Clue first = Corrected(moved, {Scenario::kJudicial, {}, Risk::kMedium, {}});
  EXPECT_EQ(MachineVerdict(first).scenario, kEnforcement);
  EXPECT_EQ(MachineVerdict(first).rules_version, "rules-2");
  const Clue second = Corrected(first, {Scenario::kReconsideration, {}, Risk::kMedium, {}});
  EXPECT_EQ(MachineVerdict(second).scenario, kEnforcement)
      << "another reviewer's word is none of the machine's";
}

TEST(StandingTest, ARevisionAgainstAPersonsFindingIsLookedAtAgain) {
  const Clue found = Corrected(Doubtful(), {kEnforcement, {}, Risk::kMedium, {}});
  Verdict fresh;
  fresh.scenario = kEnforcement;
  fresh.risk = Risk::kMedium;
  EXPECT_FALSE(AfterRevision(fresh, found).needs_review);
  fresh.risk = Risk::kLow;
  EXPECT_TRUE(AfterRevision(fresh, found).needs_review) << "less grave than a person found";
  fresh.risk = Risk::kHigh;
  EXPECT_FALSE(AfterRevision(fresh, found).needs_review);
  fresh.scenario = Scenario::kPetitionDispute;
  EXPECT_TRUE(AfterRevision(fresh, found).needs_review);
  EXPECT_FALSE(AfterRevision(fresh, Doubtful()).needs_review) << "nobody had looked at it";
}

TEST(StandingTest, AChangedClassIsReclassifiedAndNoLongerProvisional) {
  const Alert before = NextAlert(Doubtful(), Alert());
  const Alert after =
      NextAlert(Corrected(Doubtful(), {kEnforcement, {}, Risk::kMedium, {}}), before);
  EXPECT_EQ(after.kind, AlertKind::kReclassified);
  EXPECT_EQ(after.version, before.version + 1);
  EXPECT_FALSE(after.provisional);
  EXPECT_EQ(after.facets.scenario, kEnforcement);
  EXPECT_EQ(after.facets.secondary, Scenario::kUnspecified);
}

TEST(StandingTest, ClassAndRiskAsToldAreConfirmed) {
  const Alert before = NextAlert(Doubtful(), Alert());
  const Finding same = {Scenario::kPetitionDispute, {}, Risk::kMedium, {}};
  EXPECT_EQ(NextAlert(Corrected(Doubtful(), same), before).kind, AlertKind::kConfirmed);
  const Finding graver = {Scenario::kPetitionDispute, {}, Risk::kHigh, {}};
  EXPECT_EQ(NextAlert(Corrected(Doubtful(), graver), before).kind, AlertKind::kReclassified);
}

TEST(StandingTest, ACorrectionIntoScopeGivesTheFirstAlertAndOneOutsideNone) {
  Clue silent = Doubtful();
  silent.verdict.scenario = Scenario::kOutOfScope;
  silent.verdict.needs_review = false;
  const Alert none = NextAlert(silent, Alert());
  ASSERT_EQ(none.version, 0u);
  const Alert first = NextAlert(Corrected(silent, {kEnforcement, {}, Risk::kLow, {}}), none);
  EXPECT_EQ(first.kind, AlertKind::kReclassified);
  EXPECT_EQ(first.version, 1u);
  const Finding outside = {Scenario::kOutOfScope, {}, Risk::kMedium, {}};
  EXPECT_EQ(NextAlert(Corrected(silent, outside), none).version, 0u);
}

TEST(StandingTest, WhatIsCorrectedOutOfScopeIsToldToThoseWhoSawIt) {
  const Alert before = NextAlert(Doubtful(), Alert());
  const Finding outside = {Scenario::kOutOfScope, {}, Risk::kLow, {}};
  EXPECT_EQ(NextAlert(Corrected(Doubtful(), outside), before).kind, AlertKind::kReclassified);
}

TEST(StandingTest, ALaterChangeIsNoCorrection) {
  Clue clue = Corrected(Doubtful(), {kEnforcement, {}, Risk::kMedium, {}});
  const Alert before = NextAlert(clue, NextAlert(Doubtful(), Alert()));
  clue.version += 1;
  clue.state = ClueState::kWithdrawn;
  const Alert after = NextAlert(clue, before);
  EXPECT_EQ(after.kind, AlertKind::kClueWithdrawn);
  EXPECT_EQ(after.facets.scenario, kEnforcement);
}

TEST(NeedsReviewTest, HistoryWaitsForNobody) {
  Clue clue = Doubtful();
  clue.backfill = true;
  EXPECT_FALSE(NeedsReview(clue));
}

}  // namespace
}  // namespace supervision::domain
