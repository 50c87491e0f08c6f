// What a ledger promises to its users, against a real redis-server.
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using testing::CorrectionOf;
using ::testing::ElementsAre;
using testing::ExampleSubmission;
using testing::FactOf;
using testing::FailsWith;
using testing::OptionsFor;
using testing::RecordingObserver;
using testing::RevisionOf;
using ::testing::SizeIs;
using testing::TestLedger;
using testing::WithdrawalOf;

class LedgerContractTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    ledger_ = std::make_unique<TestLedger>(OptionsFor(*server_));
    ASSERT_TRUE(ledger_->WaitReady());
  }

  static testing::RedisServer* server_;
  std::unique_ptr<TestLedger> ledger_;
};
testing::RedisServer* LedgerContractTest::server_ = nullptr;

TEST_F(LedgerContractTest, SaysWhatItIs) {
  const LedgerState state = (*ledger_)->state();
  EXPECT_TRUE(state.open);
  EXPECT_TRUE(state.ready);
  EXPECT_TRUE(state.durable);
  EXPECT_TRUE(state.connected);
  EXPECT_THAT(state.shortfalls, SizeIs(0));
  EXPECT_THAT(state.partitions, SizeIs(1));
  EXPECT_THAT(state.ledger_id, SizeIs(32));
  EXPECT_EQ(state.schema_version, 1);
  EXPECT_EQ(state.redis_version.substr(0, 2), "7.");
}

TEST_F(LedgerContractTest, ASubmissionIsAnsweredDurableAndCanBeRead) {
  const Submission submission = ExampleSubmission("1");
  const absl::StatusOr<Receipt> receipt = ledger_->Submit(submission);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->version, 1u);
  EXPECT_TRUE(receipt->durability.fsynced);
  EXPECT_FALSE(receipt->repeated);
  EXPECT_EQ(receipt->alert_id, "a" + receipt->clue_id.substr(1));
  const absl::StatusOr<ClueRecord> record = ledger_->Get(receipt->clue_id);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->clue.content, submission.content);
  EXPECT_EQ(record->clue.verdict, submission.verdict);
  EXPECT_EQ(record->clue.partner, "hotline");
  EXPECT_EQ(record->clue.state, domain::ClueState::kActive);
  EXPECT_EQ(record->clue.received_at, receipt->accepted_at);
  EXPECT_EQ(record->etag, receipt->etag);
  EXPECT_EQ(record->alert.version, 1u);
  EXPECT_EQ(record->alert.title, submission.content.title);
}

TEST_F(LedgerContractTest, AClueIsFoundByItsIdentity) {
  const Submission with_record = ExampleSubmission("1");
  Submission without_record = ExampleSubmission("2");
  without_record.content.source_record_id.clear();
  const auto first = ledger_->Submit(with_record);
  const auto second = ledger_->Submit(without_record);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(ledger_->Find({"hotline", "rec-1", ""})->clue.id, first->clue_id);
  EXPECT_EQ(ledger_->Find({"hotline", "", "req-2"})->clue.id, second->clue_id);
  EXPECT_THAT(ledger_->Find({"court", "rec-1", ""}), FailsWith(Reason::kClueNotFound));
}

TEST_F(LedgerContractTest, AClueOutsideTheScopeIsNotFound) {
  const auto receipt = ledger_->Submit(ExampleSubmission("1"));
  ASSERT_TRUE(receipt.ok());
  domain::Scope other;
  other.partner = "court";
  EXPECT_THAT(ledger_->Get(receipt->clue_id, other), FailsWith(Reason::kClueNotFound));
  EXPECT_THAT(ledger_->Get("c00" + std::string(32, '0')), FailsWith(Reason::kClueNotFound));
  EXPECT_THAT(ledger_->Get("nonsense"), FailsWith(Reason::kClueNotFound));
}

TEST_F(LedgerContractTest, TheTailTellsEachChangeOnceInOrder) {
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(ledger_->Submit(ExampleSubmission(std::to_string(i)))->clue_id);
  }
  ASSERT_TRUE(observer.WaitFor(50));
  (*ledger_)->Follow(nullptr);
  const std::vector<LogEntryPtr> entries = observer.entries();
  ASSERT_THAT(entries, SizeIs(50));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(entries[i]->position, i + 1);
    EXPECT_EQ(entries[i]->event.alert.clue_id, ids[i]);
  }
}

TEST_F(LedgerContractTest, ARevisionAndAWithdrawalAreNewVersionsThatAreTold) {
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  ASSERT_TRUE(first.ok());
  Revision revision = RevisionOf(submission, *first, "req-2");
  revision.verdict.risk = domain::Risk::kHigh;
  const auto second = ledger_->Revise(revision);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->version, 2u);
  EXPECT_NE(second->etag, first->etag);
  const auto third = ledger_->Withdraw(WithdrawalOf(submission, *second, "req-3"));
  ASSERT_TRUE(third.ok()) << third.status();
  ASSERT_TRUE(observer.WaitFor(3));
  (*ledger_)->Follow(nullptr);
  const auto entries = observer.entries();
  EXPECT_EQ(entries[0]->event.previous, std::nullopt);
  EXPECT_EQ(entries[1]->event.alert.version, 2u);
  EXPECT_EQ(entries[1]->event.alert.kind, domain::AlertKind::kClueRevised);
  EXPECT_EQ(entries[1]->event.previous->risk, domain::Risk::kMedium);
  EXPECT_EQ(entries[1]->event.alert.facets.risk, domain::Risk::kHigh);
  EXPECT_EQ(entries[2]->event.alert.kind, domain::AlertKind::kClueWithdrawn);
  const auto record = ledger_->Get(first->clue_id);
  EXPECT_EQ(record->clue.state, domain::ClueState::kWithdrawn);
  EXPECT_EQ(record->clue.withdraw_reason, "重复提交");
  EXPECT_EQ(record->clue.content, revision.content);
  EXPECT_EQ(record->clue.received_at, first->accepted_at);
}

TEST_F(LedgerContractTest, AChangeNeedsTheEtagOfTheLatestVersion) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission, *first, "req-2")).ok());
  EXPECT_THAT(ledger_->Revise(RevisionOf(submission, *first, "req-3")),
              FailsWith(Reason::kEtagMismatch));
  EXPECT_THAT(ledger_->Withdraw(WithdrawalOf(submission, *first, "req-4")),
              FailsWith(Reason::kEtagMismatch));
}

TEST_F(LedgerContractTest, OfConcurrentRevisionsOneWins) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.emplace_back();
    (*ledger_)->Revise(RevisionOf(submission, *first, "req-r" + std::to_string(i)),
                       testing::kPatience, testing::Into(&answers.back()));
  }
  int accepted = 0;
  for (auto& answer : answers) {
    const auto result = answer.get();
    if (result.ok()) {
      ++accepted;
    } else {
      EXPECT_THAT(result, FailsWith(Reason::kEtagMismatch));
    }
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(ledger_->Get(first->clue_id)->clue.version, 2u);
}

TEST_F(LedgerContractTest, AWithdrawnClueTakesNoFurtherChange) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  const auto withdrawn = ledger_->Withdraw(WithdrawalOf(submission, *first, "req-2"));
  ASSERT_TRUE(withdrawn.ok());
  EXPECT_THAT(ledger_->Revise(RevisionOf(submission, *withdrawn, "req-3")),
              FailsWith(Reason::kClueWithdrawn));
}

TEST_F(LedgerContractTest, AnotherPartnersClueIsNotFound) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  Revision revision = RevisionOf(submission, *first, "req-2");
  revision.partner = "court";
  EXPECT_THAT(ledger_->Revise(revision), FailsWith(Reason::kClueNotFound));
}

TEST_F(LedgerContractTest, ARevisionKeepsTheSourceRecord) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  Revision revision = RevisionOf(submission, *first, "req-2");
  revision.content.source_record_id = "rec-other";
  EXPECT_THAT(ledger_->Revise(revision), FailsWith(Reason::kInvalidRequest));
}

TEST_F(LedgerContractTest, VersionsAreBounded) {
  ledger_.reset();
  Ledger::Options options = OptionsFor(*server_);
  options.max_versions = 3;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  const Submission submission = ExampleSubmission("1");
  auto receipt = ledger.Submit(submission);
  for (int i = 2; i <= 3; ++i) {
    receipt = ledger.Revise(RevisionOf(submission, *receipt, "req-" + std::to_string(i)));
    ASSERT_TRUE(receipt.ok());
  }
  EXPECT_THAT(ledger.Revise(RevisionOf(submission, *receipt, "req-4")),
              FailsWith(Reason::kTooManyVersions));
  EXPECT_TRUE(ledger.Withdraw(WithdrawalOf(submission, *receipt, "req-5")).ok())
      << "the error names withdrawing as the way out";
}

// Else it would lie at the head of the queue for good.
TEST_F(LedgerContractTest, WhatWaitsForAPersonFindsRoomForTheWordThatEndsIt) {
  ledger_.reset();
  Ledger::Options options = OptionsFor(*server_);
  options.max_versions = 2;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  Submission submission = ExampleSubmission("1");
  submission.verdict.needs_review = true;
  auto receipt = ledger.Submit(submission);
  receipt = ledger.Revise(RevisionOf(submission, *receipt, "req-2"));
  ASSERT_TRUE(receipt.ok());
  receipt = ledger.Correct(CorrectionOf(*receipt, "c-1"));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_THAT(ledger.Correct(CorrectionOf(*receipt, "c-2")), FailsWith(Reason::kTooManyVersions));
}

TEST_F(LedgerContractTest, AClueThatGivesNoAlertIsInTheLogAllTheSame) {
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  Submission submission = ExampleSubmission("1");
  submission.verdict.scenario = domain::Scenario::kOutOfScope;
  const auto receipt = ledger_->Submit(submission);
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->alert_id, "");
  ASSERT_TRUE(observer.WaitFor(1));
  (*ledger_)->Follow(nullptr);
  EXPECT_EQ(observer.entries()[0]->event.alert.version, 0u);
  EXPECT_EQ(ledger_->Get(receipt->clue_id)->alert.version, 0u);
}

TEST_F(LedgerContractTest, TheLogIsReadInBoundedPages) {
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(ledger_->Submit(ExampleSubmission(std::to_string(i))).ok());
  }
  const auto page = ledger_->ReadLog(0, 1, 10, 5);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->entries, SizeIs(5));
  EXPECT_EQ(page->entries[0]->position, 11);
  EXPECT_EQ(page->end, 30);
  EXPECT_EQ(page->earliest, 1);
  EXPECT_THAT(ledger_->ReadLog(0, 1, 10, 100, 1)->entries, SizeIs(1)) << "bytes bound it too";
  EXPECT_THAT(ledger_->ReadLog(0, 1, 30)->entries, SizeIs(0));
}

TEST_F(LedgerContractTest, LatestLiesBehindWhatWasCommittedBefore) {
  ASSERT_TRUE(ledger_->Submit(ExampleSubmission("1")).ok());
  const auto latest = ledger_->Latest();
  ASSERT_TRUE(latest.ok());
  EXPECT_THAT(latest->positions, ElementsAre(1));
  EXPECT_THAT(ledger_->Earliest()->positions, ElementsAre(0));
}

TEST_F(LedgerContractTest, AFullQueueRefusesAtOnceWithADelay) {
  ledger_.reset();
  Ledger::Options options = OptionsFor(*server_);
  options.max_queued = 4;
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  server_->Freeze();
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;
  for (int i = 0; i < 400; ++i) {
    answers.push_back(
        ledger.SubmitLater(ExampleSubmission("q" + std::to_string(i)), absl::Milliseconds(300)));
  }
  int overloaded = 0;
  for (auto& answer : answers) {
    const auto result = answer.get();
    ASSERT_FALSE(result.ok());
    const auto detail = domain::DetailOf(result.status());
    ASSERT_TRUE(detail.has_value());
    EXPECT_TRUE(detail->retry_after.has_value());
    overloaded += detail->reason == Reason::kOverloaded;
  }
  server_->Thaw();
  EXPECT_GE(overloaded, 300);
}

TEST_F(LedgerContractTest, WhileRedisIsAwayNothingIsAcknowledgedAndCallersHearSoon) {
  server_->Kill9();
  ASSERT_TRUE(testing::Eventually([&] { return !(*ledger_)->state().connected; }));
  EXPECT_THAT(ledger_->Submit(ExampleSubmission("1"), absl::Seconds(60)),
              FailsWith(Reason::kLedgerUnavailable));
  ASSERT_TRUE(testing::Eventually([&] {
    return domain::HasReason(ledger_->Get("c00" + std::string(32, '0')).status(),
                             Reason::kLedgerUnavailable);
  })) << "known to be away: nobody waits";
  server_->Start();
  ASSERT_TRUE(ledger_->WaitReady());
  EXPECT_TRUE(ledger_->Submit(ExampleSubmission("1")).ok());
}

TEST_F(LedgerContractTest, StoppingAnswersEveryone) {
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;
  for (int i = 0; i < 200; ++i) {
    answers.push_back(ledger_->SubmitLater(ExampleSubmission(std::to_string(i))));
  }
  (*ledger_)->Stop();
  (*ledger_)->Stop();
  for (auto& answer : answers) answer.wait();  // would wait for ever for one that is forgotten
  EXPECT_THAT(ledger_->Submit(ExampleSubmission("late")), FailsWith(Reason::kLedgerUnavailable));
}

}  // namespace
}  // namespace supervision::ledger
