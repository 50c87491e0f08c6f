#include "services/domain/alert_policy.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/standing.h"

namespace supervision::domain {
namespace {

using ::testing::ElementsAre;

Clue ExampleClue() {
  Clue clue;
  clue.id = "c00aa";
  clue.version = 1;
  clue.partner = "hotline";
  clue.state = ClueState::kActive;
  clue.content.title = "决定书未送达";
  clue.content.content = "决定书没有送达。";
  clue.content.region_code = "330106";
  clue.content.unit.name = "某局";
  clue.verdict.scenario = Scenario::kAdminEnforcement;
  clue.verdict.secondary = Scenario::kReconsideration;
  clue.verdict.risk = Risk::kMedium;
  clue.verdict.confidence = 0.8f;
  clue.verdict.problem_codes = {"ENF-24"};
  clue.verdict.evidence = {{TextPart::kContent, 3, 7, "r1", Scenario::kAdminEnforcement, 2.0f}};
  clue.received_at = absl::FromUnixSeconds(100);
  clue.changed_at = absl::FromUnixSeconds(200);
  return clue;
}

Alert Told(uint32_t version) {
  Alert alert;
  alert.id = "a00aa";
  alert.version = version;
  alert.kind = AlertKind::kClueReceived;
  return alert;
}

TEST(AlertPolicyTest, AnAlertHasTheKeysOfItsCluesMatterAndWhatIsNoneHasNone) {
  Clue clue = ExampleClue();
  EXPECT_EQ(NextAlert(clue, Alert()).matter, nullptr) << "too short, and without a number";
  clue.content.content = "不服盐综执罚决字〔2023〕第123号。";
  const Alert alert = NextAlert(clue, Alert());
  ASSERT_NE(alert.matter, nullptr);
  EXPECT_EQ(*alert.matter, MatterKeysOf(clue.content));
  clue.state = ClueState::kWithdrawn;
  EXPECT_NE(NextAlert(clue, Told(1)).matter, nullptr);
  clue.state = ClueState::kActive;
  clue.content.content = "更正。";
  EXPECT_EQ(NextAlert(clue, alert).matter, nullptr) << "what was said before counts no more";
}

// A release before may have made other keys of the same text.
TEST(AlertPolicyTest, AnAlertHasTheKeysThatWereMadeOfItsTextUntilThatIsRevised) {
  Clue clue = ExampleClue();
  clue.content.content = "不服盐综执罚决字〔2023〕第123号。";
  Alert before = NextAlert(clue, Alert());
  before.matter = std::make_shared<const MatterKeys>(MatterKeys{{7}, 0, 0});
  clue.version = 2;
  Clue corrected = clue;
  Correction correction;
  correction.by = CorrectedBy::kPerson;
  correction.verdict = clue.verdict;
  Apply(correction, &corrected);
  EXPECT_EQ(NextAlert(corrected, before).matter, before.matter);
  corrected.correction->by = CorrectedBy::kSystem;
  corrected.correction->verdict.needs_review = true;
  EXPECT_EQ(NextAlert(corrected, before).matter, before.matter);
  Clue withdrawn = clue;
  withdrawn.state = ClueState::kWithdrawn;
  EXPECT_EQ(NextAlert(withdrawn, before).matter, before.matter);
  const Alert revised = NextAlert(clue, before);
  ASSERT_NE(revised.matter, nullptr);
  EXPECT_EQ(*revised.matter, MatterKeysOf(clue.content));
  before.matter = nullptr;  // as a release that made none left it
  EXPECT_NE(NextAlert(corrected, before).matter, nullptr);
}

TEST(AlertPolicyTest, HistoryAlertsNobodyWhateverBecomesOfItUntilThePartnerRevisesIt) {
  Clue clue = ExampleClue();
  clue.backfill = true;
  clue.verdict.risk = Risk::kHigh;
  EXPECT_EQ(NextAlert(clue, Alert()).version, 0u);
  EXPECT_EQ(NextAlert(clue, Alert()).facets.state, AlertState::kUnspecified);
  EXPECT_EQ(NextAlert(clue, Alert()).facets.risk, Risk::kHigh) << "lists need it";
  Clue corrected = clue;
  corrected.version = 2;
  Correction correction;
  correction.by = CorrectedBy::kPerson;
  correction.verdict = clue.verdict;
  correction.verdict.scenario = Scenario::kJudicial;
  Apply(correction, &corrected);
  EXPECT_EQ(NextAlert(corrected, Alert()).version, 0u);
  Clue withdrawn = clue;
  withdrawn.state = ClueState::kWithdrawn;
  EXPECT_EQ(NextAlert(withdrawn, Alert()).version, 0u);
  clue.backfill = false;  // as a revision makes it
  EXPECT_EQ(NextAlert(clue, Alert()).kind, AlertKind::kClueReceived);
}

TEST(AlertPolicyTest, WhatPeopleDidWithTheAlertIsKept) {
  Alert before = Told(4);
  before.facets = FacetsOf(ExampleClue());
  before.facets.state = AlertState::kAcknowledged;
  before.facets.owner = "wang";
  before.handling = Handling{};
  before.handling->by = "li";
  const Alert same = NextAlert(ExampleClue(), before);
  EXPECT_EQ(same.facets.state, AlertState::kAcknowledged);
  EXPECT_EQ(same.facets.owner, "wang");
  EXPECT_EQ(same.handling, before.handling);
  Clue graver = ExampleClue();
  graver.verdict.risk = Risk::kHigh;
  EXPECT_EQ(NextAlert(graver, before).facets.state, AlertState::kOpen);
}

TEST(AlertPolicyTest, AClueInScopeGivesOneAlertThatDescribesIt) {
  const Clue clue = ExampleClue();
  const Alert alert = NextAlert(clue, Alert{});
  EXPECT_EQ(alert.id, "a00aa");
  EXPECT_EQ(alert.version, 1u);
  EXPECT_EQ(alert.kind, AlertKind::kClueReceived);
  EXPECT_FALSE(alert.provisional);
  EXPECT_EQ(alert.clue_id, clue.id);
  EXPECT_EQ(alert.clue_version, 1u);
  EXPECT_EQ(alert.facets.scenario, Scenario::kAdminEnforcement);
  EXPECT_EQ(alert.facets.secondary, Scenario::kReconsideration);
  EXPECT_EQ(alert.facets.risk, Risk::kMedium);
  EXPECT_EQ(alert.facets.region_code, "330106");
  EXPECT_EQ(alert.facets.unit.name, "某局");
  EXPECT_EQ(alert.facets.partner, "hotline");
  EXPECT_EQ(alert.title, clue.content.title);
  EXPECT_THAT(alert.why, ElementsAre("决定书没有送达"));
  EXPECT_THAT(alert.problem_codes, ElementsAre("ENF-24"));
  EXPECT_EQ(alert.received_at, clue.received_at);
  EXPECT_EQ(alert.raised_at, clue.changed_at);
}

TEST(AlertPolicyTest, DoubtIsToldAtOnceAndProvisional) {
  Clue clue = ExampleClue();
  clue.verdict.needs_review = true;
  const Alert alert = NextAlert(clue, Alert{});
  EXPECT_EQ(alert.kind, AlertKind::kReviewNeeded);
  EXPECT_TRUE(alert.provisional);
  EXPECT_EQ(alert.version, 1u);
}

TEST(AlertPolicyTest, ConfidentOutOfScopeGivesNoneButStillItsFacets) {
  Clue clue = ExampleClue();
  clue.verdict.scenario = Scenario::kOutOfScope;
  const Alert alert = NextAlert(clue, Alert{});
  EXPECT_EQ(alert.version, 0u);
  EXPECT_EQ(alert.id, "");
  EXPECT_EQ(alert.kind, AlertKind::kUnspecified);
  EXPECT_EQ(alert.facets.region_code, "330106");
  EXPECT_EQ(alert.title, clue.content.title);
}

TEST(AlertPolicyTest, DoubtfulOutOfScopeIsTold) {
  Clue clue = ExampleClue();
  clue.verdict.scenario = Scenario::kOutOfScope;
  clue.verdict.needs_review = true;
  EXPECT_EQ(NextAlert(clue, Alert{}).kind, AlertKind::kReviewNeeded);
}

TEST(AlertPolicyTest, WhatMayBeHighIsNeverSilent) {
  Clue clue = ExampleClue();
  clue.verdict.scenario = Scenario::kOutOfScope;
  clue.verdict.risk = Risk::kHigh;
  EXPECT_EQ(NextAlert(clue, Alert{}).kind, AlertKind::kReviewNeeded);
}

TEST(AlertPolicyTest, ARevisionReachesThoseWhoSawTheFirst) {
  Clue clue = ExampleClue();
  clue.version = 2;
  const Alert alert = NextAlert(clue, Told(1));
  EXPECT_EQ(alert.kind, AlertKind::kClueRevised);
  EXPECT_EQ(alert.version, 2u);
  EXPECT_EQ(alert.id, "a00aa");
}

TEST(AlertPolicyTest, ARevisionOutOfScopeIsToldToThoseWhoSawIt) {
  Clue clue = ExampleClue();
  clue.version = 2;
  clue.verdict.scenario = Scenario::kOutOfScope;
  EXPECT_EQ(NextAlert(clue, Told(1)).kind, AlertKind::kClueRevised);
}

TEST(AlertPolicyTest, ARevisionIntoScopeIsANewAlert) {
  Clue clue = ExampleClue();
  clue.version = 2;
  const Alert alert = NextAlert(clue, Alert{});
  EXPECT_EQ(alert.kind, AlertKind::kClueReceived);
  EXPECT_EQ(alert.version, 1u);
  EXPECT_EQ(alert.clue_version, 2u);
}

TEST(AlertPolicyTest, AWithdrawalIsToldToThoseWhoSawItAndNobodyElse) {
  Clue clue = ExampleClue();
  clue.version = 2;
  clue.state = ClueState::kWithdrawn;
  clue.verdict.needs_review = true;
  EXPECT_EQ(NextAlert(clue, Told(3)).kind, AlertKind::kClueWithdrawn);
  EXPECT_EQ(NextAlert(clue, Told(3)).version, 4u);
  EXPECT_FALSE(NextAlert(clue, Told(3)).provisional);
  EXPECT_EQ(NextAlert(clue, Alert{}).version, 0u);
}

TEST(AlertPolicyTest, IdsDifferInTheFirstLetterOnly) {
  EXPECT_EQ(AlertIdOf("c0f12"), "a0f12");
  EXPECT_EQ(ClueIdOf("a0f12"), "c0f12");
  EXPECT_EQ(ClueIdOf("c0f12"), std::nullopt);
  EXPECT_EQ(ClueIdOf(""), std::nullopt);
}

}  // namespace
}  // namespace supervision::domain
