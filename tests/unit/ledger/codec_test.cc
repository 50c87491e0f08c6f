#include "services/ledger/codec.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/domain/alert_policy.h"
#include "supervision/storage/v1/ledger.pb.h"

namespace supervision::ledger {
namespace {

VersionRecord Example() {
  VersionRecord record;
  record.request_id = "req-1";
  record.alert_version = 2;
  domain::Clue& clue = record.clue;
  clue.id = "c00" + std::string(32, 'a');
  clue.version = 3;
  clue.partner = "hotline";
  clue.state = domain::ClueState::kWithdrawn;
  clue.withdraw_reason = "重复提交";
  clue.received_at = absl::FromUnixMicros(1'790'000'000'123'456);
  clue.changed_at = absl::FromUnixMicros(1'790'000'001'000'001);
  domain::ClueContent& content = clue.content;
  content.source_record_id = "rec-1";
  content.title = "决定书未送达";
  content.content = "处罚决定书没有送达。";
  content.occurred_on = absl::CivilDay(1969, 12, 31);
  content.region_code = "330106001";
  content.unit = {"某局", "11330106MB1234567X"};
  content.party_kind = domain::PartyKind::kAnonymous;
  content.instruments = {{domain::InstrumentType::kCourtCase, "某号", absl::CivilDay(2026, 2, 28)},
                         {domain::InstrumentType::kOther, "另号", std::nullopt}};
  content.amounts = {{0, ""}, {int64_t{1} << 60, "罚款"}};
  content.persons_affected = 0;
  content.evidence = {{"https://files.example/1", std::string("\0\xff", 2) + std::string(30, 'h'),
                       int64_t{5} << 40, "image/png"}};
  content.confidentiality = domain::Confidentiality::kSecret;
  content.channel = domain::Channel::kOther;
  domain::Verdict& verdict = clue.verdict;
  verdict.scenario = domain::Scenario::kJudicial;
  verdict.secondary = domain::Scenario::kOutOfScope;
  verdict.confidence = 0.3f;
  verdict.risk = domain::Risk::kHigh;
  verdict.risk_score = 71;
  verdict.risk_reasons = {{"BASE:JUD-1", -5, "基础分", "base"}};
  verdict.problem_codes = {"JUD-1", "JUD-2"};
  verdict.evidence = {
      {domain::TextPart::kTitle, 0, 3, "rule-1", domain::Scenario::kJudicial, 1.5f}};
  verdict.needs_review = true;
  verdict.catalogue_version = "c-1";
  verdict.rules_version = "r-1";
  domain::Correction& correction = clue.correction.emplace();
  correction.by = domain::CorrectedBy::kPerson;
  correction.author = "reviewer-1";
  correction.reason = "王某所述属行政执法";
  correction.clue_version = 2;
  correction.made_at = absl::FromUnixMicros(1'790'000'000'500'000);
  correction.verdict = verdict;
  correction.verdict.scenario = domain::Scenario::kAdminEnforcement;
  correction.judged = verdict;
  correction.judged->rules_version = "r-2";
  return record;
}

ClueSummary ExampleSummary() {
  const VersionRecord record = Example();
  ClueSummary summary;
  summary.clue_id = record.clue.id;
  summary.version = record.clue.version;
  summary.state = record.clue.state;
  domain::Alert before;
  before.version = 1;
  summary.alert = domain::NextAlert(record.clue, before);
  summary.corrections = {2, 5};
  return summary;
}

void ExpectEqual(const ClueSummary& a, const ClueSummary& b) {
  EXPECT_EQ(a.clue_id, b.clue_id);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.alert.id, b.alert.id);
  EXPECT_EQ(a.alert.version, b.alert.version);
  EXPECT_EQ(a.alert.kind, b.alert.kind);
  EXPECT_EQ(a.alert.provisional, b.alert.provisional);
  EXPECT_EQ(a.alert.clue_id, b.alert.clue_id);
  EXPECT_EQ(a.alert.clue_version, b.alert.clue_version);
  EXPECT_EQ(a.alert.facets, b.alert.facets);
  EXPECT_EQ(a.alert.confidence, b.alert.confidence);
  EXPECT_EQ(a.alert.problem_codes, b.alert.problem_codes);
  EXPECT_EQ(a.alert.risk_reasons, b.alert.risk_reasons);
  EXPECT_EQ(a.alert.received_at, b.alert.received_at);
  EXPECT_EQ(a.alert.raised_at, b.alert.raised_at);
  EXPECT_EQ(a.alert.title, b.alert.title);
  EXPECT_EQ(a.alert.why, b.alert.why);
  EXPECT_EQ(a.corrections, b.corrections);
}

TEST(CodecTest, AVersionComesBackAsItWas) {
  const VersionRecord record = Example();
  const auto decoded = DecodeVersion(EncodeVersion(record), record.clue.id);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->clue.id, record.clue.id);
  EXPECT_EQ(decoded->clue.version, record.clue.version);
  EXPECT_EQ(decoded->clue.partner, record.clue.partner);
  EXPECT_EQ(decoded->clue.state, record.clue.state);
  EXPECT_EQ(decoded->clue.content, record.clue.content);
  EXPECT_EQ(decoded->clue.verdict, record.clue.verdict);
  EXPECT_EQ(decoded->clue.correction, record.clue.correction);
  EXPECT_EQ(decoded->clue.withdraw_reason, record.clue.withdraw_reason);
  EXPECT_EQ(decoded->clue.received_at, record.clue.received_at);
  EXPECT_EQ(decoded->clue.changed_at, record.clue.changed_at);
  EXPECT_EQ(decoded->request_id, record.request_id);
  EXPECT_EQ(decoded->alert_version, record.alert_version);
}

TEST(CodecTest, AnEmptyVersionComesBackEmpty) {
  VersionRecord record;
  record.clue.received_at = record.clue.changed_at = absl::UnixEpoch();
  const auto decoded = DecodeVersion(EncodeVersion(record), "");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->clue.content, domain::ClueContent());
  EXPECT_EQ(decoded->clue.verdict, domain::Verdict());
}

TEST(CodecTest, ASummaryAndAnEventComeBackAsTheyWere) {
  const ClueSummary summary = ExampleSummary();
  const auto decoded = DecodeSummary(EncodeSummary(summary), summary.clue_id);
  ASSERT_TRUE(decoded.has_value());
  ExpectEqual(*decoded, summary);

  domain::Facets previous = summary.alert.facets;
  previous.risk = domain::Risk::kLow;
  const auto event = DecodeEvent(EncodeEvent({summary, previous}));
  ASSERT_TRUE(event.has_value());
  ExpectEqual(event->summary, summary);
  EXPECT_EQ(event->previous, previous);
  EXPECT_EQ(DecodeEvent(EncodeEvent({summary, std::nullopt}))->previous, std::nullopt);
}

TEST(CodecTest, FromWhomAVersionIsHiddenComesBackAsItWas) {
  ClueSummary summary = ExampleSummary();
  const std::string unmarked = EncodeSummary(summary);
  summary.alert.facets.silences = {{"s1", {"wang-mou"}}, {"s2", {"li-mou", "zhao-mou"}}};
  const auto decoded = DecodeSummary(EncodeSummary(summary), summary.clue_id);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->alert.facets.silences, summary.alert.facets.silences);
  summary.alert.facets.silences.clear();
  EXPECT_EQ(EncodeSummary(summary), unmarked);
}

ClueSummary HandledSummary() {
  ClueSummary summary = ExampleSummary();
  summary.alert.facets.state = domain::AlertState::kAcknowledged;
  summary.alert.facets.owner = "wang-mou";
  domain::Handling& handling = summary.alert.handling.emplace();
  handling.by = "li-mou";
  handling.note = "已电话联系王某";
  handling.changed_at = absl::FromUnixMicros(1'790'000'002'000'001);
  handling.until = absl::FromUnixMicros(1'790'000'003'000'001);
  handling.outcome = domain::AlertOutcome::kTransferred;
  return summary;
}

TEST(CodecTest, WhatPeopleDidWithAnAlertComesBackAsItWas) {
  ClueSummary summary = HandledSummary();
  summary.backfill = true;
  const auto decoded = DecodeSummary(EncodeSummary(summary), summary.clue_id);
  ASSERT_TRUE(decoded.has_value());
  ExpectEqual(*decoded, summary);
  EXPECT_EQ(decoded->alert.handling, summary.alert.handling);
  EXPECT_TRUE(decoded->backfill);
  const AlertChange change{7, domain::AlertKind::kResolved, domain::AlertState::kResolved, "wang",
                           *summary.alert.handling};
  EXPECT_EQ(DecodeAlertChange(EncodeAlertChange(change)), change);
  EXPECT_FALSE(DecodeAlertChange("\xff\xff").has_value());
}

TEST(CodecTest, TheCluesBehindAnAlertComeBackAsTheyWere) {
  ClueSummary summary = ExampleSummary();
  domain::AlertGroup group;
  group.route = "unit-repeats";
  group.title_zh = "同一单位多条线索";
  group.title_en = "several clues about one unit";
  group.key = {{"unit", "某县公安局"}};
  group.members = {"c00" + std::string(32, 'a'), "c01" + std::string(32, 'b')};
  group.links = {{domain::LinkBy::kText, 7, "petitions"}, {domain::LinkBy::kFirst, 0, "hotline"}};
  group.total = 60;
  group.from = absl::FromUnixMicros(1'790'000'000'000'001);
  group.to = absl::FromUnixMicros(1'790'000'002'000'001);
  group.measured = 5.5;
  group.limit = 5;
  group.usual = 2;
  group.arithmetic_zh = "7天内5条";
  group.arithmetic_en = "5 in 7 days";
  group.due_at = absl::FromUnixMicros(1'790'000'002'000'002);
  group.late = true;
  group.digest = "digest";
  group.ordinal = 3;
  summary.alert.group = std::make_shared<domain::AlertGroup>(group);
  const std::string bytes = EncodeSummary(summary);
  const auto decoded = DecodeSummary(bytes, summary.clue_id);
  ASSERT_TRUE(decoded.has_value());
  ASSERT_NE(decoded->alert.group, nullptr);
  EXPECT_EQ(*decoded->alert.group, group);
  // An organ's name may be a person's: it lies in the envelope.
  storage::v1::StoredSummary stored;
  ASSERT_TRUE(stored.ParseFromString(bytes));
  stored.mutable_group()->clear_words();
  EXPECT_THAT(stored.group().SerializeAsString(), ::testing::Not(::testing::HasSubstr("公安")));
}

TEST(CodecTest, ByWhatOthersOfItsMatterAreFoundComesBackAsItWasOrNotAtAll) {
  ClueSummary summary = ExampleSummary();
  EXPECT_EQ(DecodeSummary(EncodeSummary(summary), summary.clue_id)->alert.matter, nullptr);
  domain::MatterKeys keys;
  keys.numbers = {1, uint64_t{1} << 63};
  keys.shape = 0x8000'0000'0000'0001;
  keys.persons = 30;
  summary.alert.matter = std::make_shared<const domain::MatterKeys>(keys);
  const std::string bytes = EncodeSummary(summary);
  const auto decoded = DecodeSummary(bytes, summary.clue_id);
  ASSERT_TRUE(decoded.has_value() && decoded->alert.matter != nullptr);
  EXPECT_EQ(*decoded->alert.matter, keys);
  // One that is sealed or damaged costs the link and not the clue.
  storage::v1::StoredSummary stored;
  ASSERT_TRUE(stored.ParseFromString(bytes));
  stored.mutable_matter()->set_key_id(1);
  EXPECT_EQ(DecodeSummary(stored.SerializeAsString(), summary.clue_id)->alert.matter, nullptr);
  stored.mutable_matter()->set_key_id(0);
  stored.mutable_matter()->set_data("\xff");
  EXPECT_EQ(DecodeSummary(stored.SerializeAsString(), summary.clue_id)->alert.matter, nullptr);
}

TEST(CodecTest, AnAlertThatNobodyHandledCostsNothing) {
  ClueSummary summary = ExampleSummary();
  ASSERT_EQ(summary.alert.facets.state, domain::AlertState::kOpen);
  const std::string open = EncodeSummary(summary);
  summary.alert.facets.state = domain::AlertState::kUnspecified;
  EXPECT_EQ(EncodeSummary(summary), open);
  storage::v1::StoredSummary stored;
  ASSERT_TRUE(stored.ParseFromString(open));
  EXPECT_FALSE(stored.has_handling());
  EXPECT_FALSE(stored.facets().has_owner());
  EXPECT_EQ(DecodeSummary(open, summary.clue_id)->alert.facets.state, domain::AlertState::kOpen);
  summary.alert.version = 0;
  EXPECT_EQ(DecodeSummary(EncodeSummary(summary), summary.clue_id)->alert.facets.state,
            domain::AlertState::kUnspecified)
      << "there is no alert";
}

TEST(CodecTest, WhoHandledAnAlertAndTheNoteLieInEnvelopes) {
  const ClueSummary summary = HandledSummary();
  storage::v1::StoredEvent event;
  ASSERT_TRUE(event.ParseFromString(EncodeEvent({summary, summary.alert.facets})));
  event.mutable_summary()->mutable_handling()->clear_words();
  event.mutable_summary()->mutable_facets()->clear_owner();
  event.mutable_previous()->clear_owner();
  EXPECT_EQ(event.SerializeAsString().find("-mou"), std::string::npos);
  EXPECT_EQ(event.SerializeAsString().find("已电话"), std::string::npos);
}

TEST(CodecTest, WhatQuotesOrNamesLiesInAnEnvelope) {
  const ClueSummary summary = ExampleSummary();
  storage::v1::StoredEvent event;
  ASSERT_TRUE(event.ParseFromString(EncodeEvent({summary, summary.alert.facets})));
  event.mutable_summary()->clear_quotation();
  event.mutable_summary()->mutable_facets()->clear_unit();
  event.mutable_previous()->clear_unit();
  const std::string rest = event.SerializeAsString();
  EXPECT_EQ(rest.find("决定书"), std::string::npos);
  EXPECT_EQ(rest.find("某局"), std::string::npos);
  storage::v1::StoredClue clue;
  ASSERT_TRUE(clue.ParseFromString(EncodeVersion(Example())));
  clue.clear_content();
  clue.mutable_correction()->clear_words();
  EXPECT_EQ(clue.SerializeAsString().find("王某"), std::string::npos);
  EXPECT_EQ(clue.SerializeAsString().find("决定书"), std::string::npos);
}

TEST(CodecTest, DamagedOrSealedBytesAreNothing) {
  EXPECT_FALSE(DecodeVersion("\xff\xff", "c").has_value());
  EXPECT_FALSE(DecodeSummary("\xff\xff", "c").has_value());
  EXPECT_FALSE(DecodeEvent("\xff\xff").has_value());
  storage::v1::StoredClue sealed;
  ASSERT_TRUE(sealed.ParseFromString(EncodeVersion(Example())));
  sealed.mutable_content()->set_key_id(7);
  EXPECT_FALSE(DecodeVersion(sealed.SerializeAsString(), "c").has_value())
      << "sealed by a key that this service does not have";
}

TEST(CodecTest, ANumberOfALaterServiceIsKept) {
  ClueSummary summary = ExampleSummary();
  summary.alert.kind = static_cast<domain::AlertKind>(200);
  summary.alert.facets.scenario = static_cast<domain::Scenario>(31);
  const auto decoded = DecodeSummary(EncodeSummary(summary), summary.clue_id);
  EXPECT_EQ(static_cast<int>(decoded->alert.kind), 200);
  EXPECT_EQ(static_cast<int>(decoded->alert.facets.scenario), 31);
}

}  // namespace
}  // namespace supervision::ledger
