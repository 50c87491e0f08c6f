// The way of a clue into a real ledger on a real redis-server.
#include "tests/integration/intake/intake_fixture.h"

namespace supervision::intake {
namespace {

using domain::Reason;
using ::testing::ElementsAre;
using testing::ExampleContent;
using testing::ExampleSubmit;
using testing::FailsWith;
using testing::MetricOf;
using testing::TestIntake;
using testing::TestLedger;

class IntakeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    ledger_ = std::make_unique<TestLedger>(testing::OptionsFor(*server_));
    ASSERT_TRUE(ledger_->WaitReady());
    intake_ = std::make_unique<TestIntake>(ledger_->get());
  }
  void TearDown() override {
    ledger_.reset();  // its callbacks use the intake's metrics
    intake_.reset();
  }

  // Changes that the log holds.
  int64_t LogEnd() { return (*ledger_)->state().partitions.at(0).end; }

  static std::vector<std::string> FieldsOf(const absl::Status& status) {
    std::vector<std::string> fields;
    const auto detail = domain::DetailOf(status);
    if (!detail.has_value()) return fields;
    for (const auto& violation : detail->violations) fields.push_back(violation.field);
    return fields;
  }

  static testing::RedisServer* server_;
  std::unique_ptr<TestLedger> ledger_;
  std::unique_ptr<TestIntake> intake_;
};
testing::RedisServer* IntakeTest::server_ = nullptr;

TEST_F(IntakeTest, AcceptedClueIsSortedAndInTheLedger) {
  const auto receipt = intake_->Submit(ExampleSubmit());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->verdict.scenario, domain::Scenario::kAdminEnforcement);
  EXPECT_TRUE(receipt->durability.fsynced);
  const auto record = ledger_->Get(receipt->clue_id);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->clue.content, ExampleContent());
  EXPECT_EQ(record->clue.partner, "hotline");
  EXPECT_EQ(record->clue.verdict.scenario, domain::Scenario::kAdminEnforcement);
  EXPECT_EQ(intake_->Answers("submit", "accepted"), 1);
  EXPECT_EQ(MetricOf(intake_->registry(), "supervision_clues_total",
                     {{"scenario", "ADMIN_ENFORCEMENT"},
                      {"risk", std::string(Code(receipt->verdict.risk))}}),
            1);
}

TEST_F(IntakeTest, TheProcessorTimeOfVerdictsIsToldFromTheFirstOn) {
  const auto spent = [&] {
    return MetricOf(intake_->registry(), "supervision_classification_processor_seconds_total", {});
  };
  EXPECT_EQ(spent(), 0);
  ASSERT_TRUE(intake_->Submit(ExampleSubmit()).ok());
  EXPECT_GT(spent(), 0);
}

TEST_F(IntakeTest, RepeatedRequestIsCountedAsOne) {
  const auto first = intake_->Submit(ExampleSubmit());
  const auto second = intake_->Submit(ExampleSubmit());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->clue_id, first->clue_id);
  EXPECT_TRUE(second->repeated);
  EXPECT_EQ(intake_->Answers("submit", "accepted"), 1);
  EXPECT_EQ(intake_->Answers("submit", "repeated"), 1);
}

TEST_F(IntakeTest, ClueWithMistakesIsRefusedInsideTheCallAndStoresNothing) {
  auto request = ExampleSubmit("not allowed");
  request.path = "items[7]";
  request.content.title.clear();
  request.content.region_code = "330499";
  std::optional<absl::Status> refusal;
  (*intake_)->Submit(std::move(request), testing::kPatience,
                     [&](absl::StatusOr<ledger::Receipt> answer) { refusal = answer.status(); });
  ASSERT_TRUE(refusal.has_value());
  EXPECT_TRUE(domain::HasReason(*refusal, Reason::kInvalidRequest));
  EXPECT_THAT(FieldsOf(*refusal), ElementsAre("items[7].request_id", "items[7].clue.title",
                                              "items[7].clue.region_code"));
  EXPECT_EQ(LogEnd(), 0);
  EXPECT_EQ(intake_->Answers("submit", "INVALID_REQUEST"), 1);
}

TEST_F(IntakeTest, MistakesThatTheEdgeFoundComeFirstAndAreNotToldTwice) {
  auto request = ExampleSubmit();
  request.content.content.clear();  // the edge had nothing to hand over
  request.content.region_code = "1";
  request.violations = {{"clue.content", "is not valid UTF-8", "不是有效的 UTF-8"}};
  const auto answer = intake_->Submit(std::move(request));
  ASSERT_THAT(answer, FailsWith(Reason::kInvalidRequest));
  EXPECT_THAT(FieldsOf(answer.status()), ElementsAre("clue.content", "clue.region_code"));
  EXPECT_EQ(domain::DetailOf(answer.status())->violations[0].english, "is not valid UTF-8");
}

TEST_F(IntakeTest, ValidationAloneSortsAndStoresNothing) {
  auto request = ExampleSubmit("");
  request.validate_only = true;
  const auto answer = intake_->Submit(std::move(request));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->verdict.scenario, domain::Scenario::kAdminEnforcement);
  EXPECT_EQ(answer->clue_id, "");
  EXPECT_EQ(answer->version, 0u);
  EXPECT_EQ(LogEnd(), 0);
  EXPECT_EQ(intake_->Answers("submit", "validated"), 1);
}

TEST_F(IntakeTest, ValidationAloneStillTellsMistakes) {
  auto request = ExampleSubmit("");
  request.validate_only = true;
  request.content.title.clear();
  const auto answer = intake_->Submit(std::move(request));
  ASSERT_THAT(answer, FailsWith(Reason::kInvalidRequest));
  EXPECT_THAT(FieldsOf(answer.status()), ElementsAre("clue.title"));
}

TEST_F(IntakeTest, RevisionAndWithdrawalReachTheLedger) {
  const auto first = intake_->Submit(ExampleSubmit());
  ASSERT_TRUE(first.ok()) << first.status();
  Intake::ReviseRequest revise{"hotline",   "req-2",          first->clue_id,
                               first->etag, ExampleContent(), {}};
  revise.content.title = "某事";
  revise.content.content = "某事";
  const auto second = intake_->Revise(revise);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->version, 2u);
  EXPECT_EQ(second->verdict.scenario, domain::Scenario::kOutOfScope);
  const auto third = intake_->Withdraw({"hotline", "req-3", first->clue_id, second->etag, "重复"});
  ASSERT_TRUE(third.ok()) << third.status();
  const auto record = ledger_->Get(first->clue_id);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->clue.state, domain::ClueState::kWithdrawn);
  EXPECT_EQ(record->clue.withdraw_reason, "重复");
  EXPECT_EQ(intake_->Answers("revise", "accepted"), 1);
  EXPECT_EQ(intake_->Answers("withdraw", "accepted"), 1);
}

TEST_F(IntakeTest, ChangesNeedTheClueItsEtagAndAReason) {
  Intake::ReviseRequest revise;
  revise.partner = "hotline";
  revise.content = ExampleContent();
  const auto revised = intake_->Revise(revise);
  ASSERT_THAT(revised, FailsWith(Reason::kInvalidRequest));
  EXPECT_THAT(FieldsOf(revised.status()), ElementsAre("request_id", "clue_id", "etag"));
  const auto withdrawn = intake_->Withdraw({"hotline", "", "", "", ""});
  ASSERT_THAT(withdrawn, FailsWith(Reason::kInvalidRequest));
  EXPECT_THAT(FieldsOf(withdrawn.status()), ElementsAre("request_id", "clue_id", "etag", "reason"));
}

// Without the region of ExampleContent.
const RegionTable& LaterRegions() {
  static const RegionTable* const regions =
      RegionTable::Parse("# version: 2\n# source: x\n330402\t南湖区\n", "r")->release();
  return *regions;
}

TEST_F(IntakeTest, ARepeatGetsItsFirstAnswerThoughItsRegionHasLeftTheTable) {
  const auto first = intake_->Submit(ExampleSubmit());
  ASSERT_TRUE(first.ok()) << first.status();
  Intake::ReviseRequest revise{"hotline", "rev-1", first->clue_id, first->etag, ExampleContent(),
                               {},        ""};
  revise.content.content += "补充材料。";
  const auto revised = intake_->Revise(revise);
  ASSERT_TRUE(revised.ok()) << revised.status();

  TestIntake later(ledger_->get(), {}, LaterRegions());
  const auto again = later.Submit(ExampleSubmit());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->clue_id, first->clue_id);
  EXPECT_EQ(again->etag, first->etag);
  EXPECT_EQ(again->verdict, first->verdict);
  EXPECT_EQ(later.Answers("submit", "repeated"), 1);
  const auto revised_again = later.Revise(revise);
  ASSERT_TRUE(revised_again.ok()) << revised_again.status();
  EXPECT_TRUE(revised_again->repeated);
  EXPECT_EQ(revised_again->version, 2u);
  EXPECT_EQ(LogEnd(), 2);
}

TEST_F(IntakeTest, WhatIsNoRepeatHearsOfItsUnknownRegion) {
  const auto first = intake_->Submit(ExampleSubmit());
  ASSERT_TRUE(first.ok()) << first.status();
  TestIntake later(ledger_->get(), {}, LaterRegions());
  Intake::SubmitRequest changed = ExampleSubmit();
  changed.content.content += "补充。";
  Intake::SubmitRequest others = ExampleSubmit();
  others.partner = "court";
  Intake::SubmitRequest dry = ExampleSubmit();
  dry.validate_only = true;
  for (const Intake::SubmitRequest& request : {changed, others, dry, ExampleSubmit("req-2")}) {
    const auto refused = later.Submit(request);
    EXPECT_THAT(refused, FailsWith(Reason::kInvalidRequest));
    EXPECT_THAT(FieldsOf(refused.status()), ElementsAre("clue.region_code"));
  }
  // Another partner learns nothing of a revision that is not its own.
  Intake::ReviseRequest foreign{"court", "rev-1", first->clue_id, first->etag, ExampleContent(),
                                {},      ""};
  EXPECT_THAT(later.Revise(foreign), FailsWith(Reason::kInvalidRequest));
  EXPECT_EQ(LogEnd(), 1);
}

TEST_F(IntakeTest, WhileTheLedgerCannotTellARepeatNothingIsCalledAMistakeForItsRegionAlone) {
  ledger::Ledger::Options nowhere = testing::OptionsFor(*server_);
  nowhere.address.unix_path += ".none";
  TestLedger away(nowhere);
  TestIntake later(away.get(), {}, LaterRegions());
  EXPECT_THAT(later.Submit(ExampleSubmit()), FailsWith(Reason::kLedgerUnavailable));
}

TEST_F(IntakeTest, RefusalsOfTheLedgerComeThroughAndAreCounted) {
  ASSERT_TRUE(intake_->Submit(ExampleSubmit()).ok());
  auto other = ExampleSubmit();
  other.content.content += "另一内容";
  EXPECT_THAT(intake_->Submit(other), FailsWith(Reason::kIdempotencyKeyReused));
  EXPECT_EQ(intake_->Answers("submit", "IDEMPOTENCY_KEY_REUSED"), 1);
}

TEST(IntakeWithoutLedgerTest, IsAnsweredInTimeThatNothingWasStored) {
  testing::TempDir nowhere;
  ledger::Ledger::Options options;
  options.address.unix_path = nowhere.path() + "/none.sock";
  TestLedger ledger(options);
  TestIntake intake(ledger.get());
  const auto answer = intake.Submit(ExampleSubmit(), absl::Milliseconds(200));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
  EXPECT_TRUE(domain::DetailOf(answer.status()).value().retry_after.has_value());
}

}  // namespace
}  // namespace supervision::intake
