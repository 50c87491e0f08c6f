// Promise 2: idempotent, for as long as the clue lives.
#include <thread>

#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using testing::ExampleSubmission;
using testing::FactOf;
using testing::FailsWith;
using testing::OptionsFor;
using testing::RevisionOf;
using ::testing::SizeIs;
using testing::TestLedger;
using testing::WithdrawalOf;

class IdempotencyTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    server_->Call({"FLUSHALL"});
    Open();
  }
  void Open() {
    ledger_.reset();
    ledger_ = std::make_unique<TestLedger>(OptionsFor(*server_), &clock_);
    ASSERT_TRUE(ledger_->WaitReady());
  }
  int64_t LogEnd() { return ledger_->Latest()->positions[0]; }

  static testing::RedisServer* server_;
  base::FakeClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  std::unique_ptr<TestLedger> ledger_;
};
testing::RedisServer* IdempotencyTest::server_ = nullptr;

// All that a client is told, but for the words "repeated" and "how durable".
void ExpectSameAnswer(const Receipt& again, const Receipt& first) {
  EXPECT_EQ(again.clue_id, first.clue_id);
  EXPECT_EQ(again.version, first.version);
  EXPECT_EQ(again.etag, first.etag);
  EXPECT_EQ(again.verdict, first.verdict);
  EXPECT_EQ(again.alert_id, first.alert_id);
  EXPECT_EQ(again.accepted_at, first.accepted_at);
}

TEST_F(IdempotencyTest, TheSameRequestGetsTheFirstAnswerAgain) {
  const auto first = ledger_->Submit(ExampleSubmission("1"));
  ASSERT_TRUE(first.ok());
  const auto again = ledger_->Submit(ExampleSubmission("1"));
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectSameAnswer(*again, *first);
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(LogEnd(), 1);
}

TEST_F(IdempotencyTest, TheSameRequestWithOtherContentIsRefused) {
  ASSERT_TRUE(ledger_->Submit(ExampleSubmission("1")).ok());
  Submission other = ExampleSubmission("1");
  other.content.title += "!";
  EXPECT_THAT(ledger_->Submit(other), FailsWith(Reason::kIdempotencyKeyReused));
  EXPECT_EQ(LogEnd(), 1);
}

TEST_F(IdempotencyTest, AReExportUnderANewRequestNamesTheKnownClue) {
  const auto first = ledger_->Submit(ExampleSubmission("1"));
  Submission again = ExampleSubmission("1");
  again.request_id = "export-2027";
  const auto refused = ledger_->Submit(again);
  EXPECT_THAT(refused, FailsWith(Reason::kSourceRecordExists));
  EXPECT_EQ(FactOf(refused, "clue_id"), first->clue_id);
}

TEST_F(IdempotencyTest, WithoutARecordTheRequestIsTheIdentity) {
  Submission submission = ExampleSubmission("1");
  submission.content.source_record_id.clear();
  const auto first = ledger_->Submit(submission);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ledger_->Submit(submission)->clue_id, first->clue_id);
  Submission other = submission;
  other.content.content += "!";
  EXPECT_THAT(ledger_->Submit(other), FailsWith(Reason::kIdempotencyKeyReused));
  other.request_id = "req-2";
  EXPECT_NE(ledger_->Submit(other)->clue_id, first->clue_id);
}

TEST_F(IdempotencyTest, PartnersDoNotShareIdentities) {
  Submission theirs = ExampleSubmission("1");
  theirs.partner = "court";
  const auto first = ledger_->Submit(ExampleSubmission("1"));
  const auto second = ledger_->Submit(theirs);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->clue_id, second->clue_id);
}

TEST_F(IdempotencyTest, SixtyFourAtOnceMakeOneClueAndEqualAnswers) {
  std::vector<std::future<absl::StatusOr<Receipt>>> answers(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 8; ++i) {
        answers[t * 8 + i] = ledger_->SubmitLater(ExampleSubmission("1"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto first = answers[0].get();
  ASSERT_TRUE(first.ok()) << first.status();
  int written = !first->repeated;
  for (size_t i = 1; i < answers.size(); ++i) {
    const auto other = answers[i].get();
    ASSERT_TRUE(other.ok()) << other.status();
    ExpectSameAnswer(*other, *first);
    written += !other->repeated;
  }
  EXPECT_EQ(written, 1);
  EXPECT_EQ(LogEnd(), 1);
}

TEST_F(IdempotencyTest, OfTwoContentsAtOnceUnderOneRequestOneIsRefused) {
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;
  for (int i = 0; i < 16; ++i) {
    Submission submission = ExampleSubmission("1");
    if (i % 2 == 1) submission.content.title += "!";
    answers.push_back(ledger_->SubmitLater(submission));
  }
  int accepted = 0;
  for (auto& answer : answers) {
    const auto result = answer.get();
    accepted += result.ok();
    if (!result.ok()) {
      EXPECT_THAT(result, FailsWith(Reason::kIdempotencyKeyReused));
    }
  }
  EXPECT_EQ(accepted, 8);
  EXPECT_EQ(LogEnd(), 1);
}

TEST_F(IdempotencyTest, ARetryAfterATimeoutIsSafe) {
  server_->Freeze();
  const auto unknown = ledger_->Submit(ExampleSubmission("1"), absl::Seconds(3));
  EXPECT_THAT(unknown, FailsWith(Reason::kOutcomeUnknown));
  EXPECT_TRUE(domain::DetailOf(unknown.status())->retry_after.has_value());
  server_->Thaw();
  ASSERT_TRUE(testing::Eventually([&] { return ledger_->Submit(ExampleSubmission("1")).ok(); }));
  EXPECT_EQ(LogEnd(), 1);
}

TEST_F(IdempotencyTest, ARetryAfterARestartOfEverythingIsSafe) {
  const auto first = ledger_->Submit(ExampleSubmission("1"));
  ASSERT_TRUE(first.ok());
  ledger_.reset();
  server_->Restart();
  Open();
  const auto again = ledger_->Submit(ExampleSubmission("1"));
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectSameAnswer(*again, *first);
}

TEST_F(IdempotencyTest, AYearLaterTheFirstVerdictIsStillTheAnswer) {
  const auto first = ledger_->Submit(ExampleSubmission("1"));
  ASSERT_TRUE(first.ok());
  clock_.Advance(absl::Hours(24 * 366));
  Submission later = ExampleSubmission("1");
  later.verdict.scenario = domain::Scenario::kJudicial;
  later.verdict.rules_version = "rules-99";
  const auto again = ledger_->Submit(later);
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectSameAnswer(*again, *first);
}

TEST_F(IdempotencyTest, EachChangeIsRepeatableWhateverHasHappenedSince) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  const Revision revision = RevisionOf(submission, *first, "req-2");
  const auto second = ledger_->Revise(revision);
  ASSERT_TRUE(second.ok());
  const Withdrawal withdrawal = WithdrawalOf(submission, *second, "req-3");
  const auto third = ledger_->Withdraw(withdrawal);
  ASSERT_TRUE(third.ok());
  ExpectSameAnswer(*ledger_->Submit(submission), *first);
  ExpectSameAnswer(*ledger_->Revise(revision), *second);
  ExpectSameAnswer(*ledger_->Withdraw(withdrawal), *third);
  EXPECT_EQ(LogEnd(), 3);
}

TEST_F(IdempotencyTest, ARequestIsOfOneOperationAndContent) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  const auto second = ledger_->Revise(RevisionOf(submission, *first, "req-2"));
  ASSERT_TRUE(second.ok());
  EXPECT_THAT(ledger_->Withdraw(WithdrawalOf(submission, *second, "req-2")),
              FailsWith(Reason::kIdempotencyKeyReused));
  Revision other = RevisionOf(submission, *second, "req-2");
  other.content.title += "!";
  EXPECT_THAT(ledger_->Revise(other), FailsWith(Reason::kIdempotencyKeyReused));
  Revision as_submission = RevisionOf(submission, *second, submission.request_id);
  as_submission.content = submission.content;
  EXPECT_THAT(ledger_->Revise(as_submission), FailsWith(Reason::kIdempotencyKeyReused));
}

TEST_F(IdempotencyTest, AConcurrentRepeatOfOneRevisionIsOneVersion) {
  const Submission submission = ExampleSubmission("1");
  const auto first = ledger_->Submit(submission);
  std::vector<std::future<absl::StatusOr<Receipt>>> answers;
  for (int i = 0; i < 16; ++i) {
    answers.emplace_back();
    (*ledger_)->Revise(RevisionOf(submission, *first, "req-2"), testing::kPatience,
                       testing::Into(&answers.back()));
  }
  for (auto& answer : answers) {
    const auto receipt = answer.get();
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_EQ(receipt->version, 2u);
  }
  EXPECT_EQ(LogEnd(), 2);
}

}  // namespace
}  // namespace supervision::ledger
