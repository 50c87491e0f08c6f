#include "services/rpc/to_proto.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace supervision::rpc {
namespace {

using domain::Projection;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSecret[] = "机密内容";

// A secret clue whose every text that may name a person says kSecret.
ledger::ClueRecord SecretRecord() {
  ledger::ClueRecord record;
  record.etag = "e1";
  domain::Clue& clue = record.clue;
  clue.id = "c1";
  clue.version = 2;
  clue.partner = "hotline";
  clue.state = domain::ClueState::kWithdrawn;
  clue.content.title = kSecret;
  clue.content.content = kSecret;
  clue.content.region_code = "320102";
  clue.content.instruments = {{domain::InstrumentType::kOther, kSecret, {}}};
  clue.content.evidence = {{std::string("https://example.org/") + kSecret, "", 1, ""}};
  clue.content.amounts = {{500, kSecret}};
  clue.content.confidentiality = domain::Confidentiality::kSecret;
  clue.withdraw_reason = kSecret;
  clue.correction.emplace().reason = kSecret;
  record.alert.id = "a1";
  record.alert.version = 1;
  return record;
}

domain::Scope Cleared() {
  domain::Scope scope;
  scope.cleared_for_secret = true;
  return scope;
}

TEST(ToProtoTest, WithheldClueKeepsItsFactsAndNoneOfItsTexts) {
  const v1::Clue clue = ToProto(SecretRecord(), domain::Scope());
  EXPECT_THAT(clue.SerializeAsString(), Not(HasSubstr(kSecret)));
  EXPECT_EQ(clue.content().region_code(), "320102");
  EXPECT_EQ(clue.content().amounts(0).fen(), 500);
  EXPECT_EQ(clue.alert_id(), "a1");
}

TEST(ToProtoTest, FullClueKeepsItsTexts) {
  const v1::Clue clue = ToProto(SecretRecord(), Cleared());
  EXPECT_EQ(clue.content().title(), kSecret);
  EXPECT_EQ(clue.content().content(), kSecret);
  EXPECT_EQ(clue.withdraw_reason(), kSecret);
}

TEST(ToProtoTest, WithheldAlertAndSummaryQuoteNothing) {
  ledger::ClueSummary summary;
  summary.alert.version = 1;
  summary.alert.title = kSecret;
  summary.alert.why = {kSecret};
  EXPECT_THAT(ToProto(summary.alert, Projection::kWithheld).SerializeAsString(),
              Not(HasSubstr(kSecret)));
  EXPECT_THAT(ToProto(summary, Projection::kWithheld).SerializeAsString(), Not(HasSubstr(kSecret)));
  EXPECT_EQ(ToProto(summary.alert, Projection::kFull).why(0), kSecret);
  EXPECT_EQ(ToProto(summary, Projection::kFull).title(), kSecret);
}

TEST(ToProtoTest, APartnerIsShownItsOwnSecretClue) {
  domain::Scope partner;
  partner.partner = "hotline";
  EXPECT_EQ(ShownTo(partner, domain::Confidentiality::kSecret), Projection::kFull);
}

TEST(ToProtoTest, AMonitorIsShownSecretCluesOnlyWhenCleared) {
  domain::Scope monitor;
  EXPECT_EQ(ShownTo(monitor, domain::Confidentiality::kSecret), Projection::kWithheld);
  EXPECT_EQ(ShownTo(monitor, domain::Confidentiality::kNormal), Projection::kFull);
  monitor.cleared_for_secret = true;
  EXPECT_EQ(ShownTo(monitor, domain::Confidentiality::kSecret), Projection::kFull);
}

TEST(ToProtoTest, ReceiptOfADryRunHasOnlyAVerdict) {
  ledger::Receipt receipt;
  receipt.verdict.scenario = domain::Scenario::kJudicial;
  v1::ClueReceipt proto;
  ToProto(receipt, &proto);
  EXPECT_EQ(proto.verdict().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_FALSE(proto.has_accepted_at());
  EXPECT_FALSE(proto.has_durability());
  EXPECT_EQ(proto.clue_id(), "");
}

TEST(ToProtoTest, ReceiptNamesTheDurabilityReached) {
  ledger::Receipt receipt;
  receipt.clue_id = "c1";
  receipt.version = 1;
  receipt.accepted_at = absl::FromUnixSeconds(1'000);
  receipt.durability = {.fsynced = true, .replicas = 2};
  v1::ClueReceipt proto;
  ToProto(receipt, &proto);
  EXPECT_EQ(proto.durability().level(), v1::DURABILITY_LEVEL_FSYNCED);
  EXPECT_EQ(proto.durability().replicas(), 2);
  EXPECT_EQ(proto.accepted_at().seconds(), 1'000);
  receipt.durability.fsynced = false;
  proto.Clear();
  ToProto(receipt, &proto);
  EXPECT_EQ(proto.durability().level(), v1::DURABILITY_LEVEL_MEMORY);
}

TEST(ToProtoTest, WhoCorrectedAndWhyIsToldByWhoAsks) {
  domain::Correction correction;
  correction.by = domain::CorrectedBy::kPerson;
  correction.author = "reviewer-1";
  correction.reason = kSecret;
  const v1::Correction full = ToProto(correction, domain::Scope(), Projection::kFull);
  EXPECT_EQ(full.author(), "reviewer-1");
  EXPECT_EQ(full.reason(), kSecret);
  const v1::Correction withheld = ToProto(correction, domain::Scope(), Projection::kWithheld);
  EXPECT_EQ(withheld.author(), "reviewer-1");
  EXPECT_EQ(withheld.reason(), "");
  domain::Scope partner;
  partner.partner = "hotline";
  const v1::Correction own = ToProto(correction, partner, Projection::kFull);
  EXPECT_EQ(own.author(), "");
  EXPECT_EQ(own.reason(), "");
}

TEST(ToProtoTest, EnumNumbersAreThoseOfTheApi) {
  EXPECT_EQ(static_cast<int>(domain::Scenario::kOutOfScope), v1::SCENARIO_OUT_OF_SCOPE);
  EXPECT_EQ(static_cast<int>(domain::Risk::kHigh), v1::RISK_HIGH);
  EXPECT_EQ(static_cast<int>(domain::AlertKind::kSameMatter), v1::AlertKind_MAX);
  EXPECT_EQ(static_cast<int>(domain::LinkBy::kText), v1::LinkedBy_MAX);
  EXPECT_EQ(static_cast<int>(domain::AlertState::kResolved), v1::AlertState_MAX);
  EXPECT_EQ(static_cast<int>(domain::AlertOutcome::kNotSupervision), v1::AlertOutcome_MAX);
  EXPECT_EQ(static_cast<int>(domain::CorrectedBy::kSystem), v1::CorrectedBy_MAX);
  EXPECT_EQ(static_cast<int>(domain::Channel::kOther), v1::Channel_MAX);
  EXPECT_EQ(static_cast<int>(domain::InstrumentType::kOther), v1::InstrumentType_MAX);
  EXPECT_EQ(static_cast<int>(domain::PartyKind::kAnonymous), v1::PartyKind_MAX);
  EXPECT_EQ(static_cast<int>(domain::Confidentiality::kSecret), v1::Confidentiality_MAX);
  EXPECT_EQ(static_cast<int>(domain::ClueState::kWithdrawn), v1::ClueState_MAX);
  EXPECT_EQ(static_cast<int>(domain::Projection::kWithheld), v1::PROJECTION_WITHHELD);
  EXPECT_EQ(static_cast<int>(domain::TextPart::kContent), v1::TextPart_MAX);
}

}  // namespace
}  // namespace supervision::rpc
