// Corrections beside the verdict, against a real redis-server.
#include "services/domain/standing.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::AlertKind;
using domain::Reason;
using domain::Risk;
using domain::Scenario;
using testing::CorrectionOf;
using testing::ExampleSubmission;
using testing::FailsWith;
using testing::OptionsFor;
using testing::RecordingObserver;
using testing::RevisionOf;
using testing::TestLedger;
using testing::WithdrawalOf;

class CorrectionTest : public ::testing::Test {
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
    submission_ = ExampleSubmission("1");
    submission_.verdict.needs_review = true;
    const auto receipt = ledger_->Submit(submission_);
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    receipt_ = *receipt;
  }

  static CorrectionRequest BySystem(CorrectionRequest request) {
    request.by = domain::CorrectedBy::kSystem;
    request.author = domain::kSystemAuthor;
    request.verdict.scenario = Scenario::kReconsideration;
    request.verdict.risk = Risk::kMedium;
    request.verdict.rules_version = "rules-2";
    return request;
  }

  static testing::RedisServer* server_;
  std::unique_ptr<TestLedger> ledger_;
  Submission submission_;
  Receipt receipt_;
};
testing::RedisServer* CorrectionTest::server_ = nullptr;

TEST_F(CorrectionTest, StandsBesideTheVerdictAndNeverOverwritesIt) {
  const auto corrected = ledger_->Correct(CorrectionOf(receipt_, "c-1"));
  ASSERT_TRUE(corrected.ok()) << corrected.status();
  EXPECT_EQ(corrected->version, 2u);
  EXPECT_EQ(corrected->verdict.scenario, Scenario::kJudicial);
  EXPECT_NE(corrected->etag, receipt_.etag);
  const auto record = ledger_->Get(receipt_.clue_id);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->clue.verdict, submission_.verdict);
  EXPECT_EQ(record->clue.content, submission_.content);
  ASSERT_TRUE(record->clue.correction.has_value());
  EXPECT_EQ(record->clue.correction->author, "reviewer-1");
  EXPECT_EQ(record->clue.correction->reason, "属于法院执行问题");
  EXPECT_EQ(record->clue.correction->made_at, record->clue.changed_at);
  EXPECT_EQ(record->alert.kind, AlertKind::kReclassified);
  EXPECT_EQ(record->alert.facets.scenario, Scenario::kJudicial);
  EXPECT_FALSE(record->alert.provisional);
}

TEST_F(CorrectionTest, IsToldWithTheFacetsOfBefore) {
  RecordingObserver observer;
  (*ledger_)->Follow(&observer);
  ASSERT_TRUE(ledger_->Correct(CorrectionOf(receipt_, "c-1")).ok());
  ASSERT_TRUE(observer.WaitFor(1));
  (*ledger_)->Follow(nullptr);
  const domain::ChangeEvent& event = observer.entries().back()->event;
  EXPECT_EQ(event.alert.kind, AlertKind::kReclassified);
  EXPECT_EQ(event.alert.facets.scenario, Scenario::kJudicial);
  ASSERT_TRUE(event.previous.has_value());
  EXPECT_EQ(event.previous->scenario, Scenario::kAdminEnforcement);
}

TEST_F(CorrectionTest, TheListsFollowIt) {
  ASSERT_TRUE(ledger_->Correct(CorrectionOf(receipt_, "c-1")).ok());
  ListQuery query;
  query.filter.scenarios.set(static_cast<size_t>(Scenario::kJudicial));
  EXPECT_EQ(ledger_->List(query)->clues.size(), 1u);
  query.filter.scenarios.reset();
  query.filter.scenarios.set(static_cast<size_t>(Scenario::kAdminEnforcement));
  EXPECT_EQ(ledger_->List(query)->clues.size(), 0u);
}

TEST_F(CorrectionTest, TheSameRequestGetsTheFirstAnswerWhateverHasHappenedSince) {
  const CorrectionRequest request = CorrectionOf(receipt_, "c-1");
  const auto first = ledger_->Correct(request);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(ledger_->Withdraw(WithdrawalOf(submission_, *first, "w-1")).ok());
  CorrectionRequest again = request;
  again.scope.scenarios.set(static_cast<size_t>(Scenario::kAdminEnforcement));  // it has left this
  const auto repeated = ledger_->Correct(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->repeated);
  EXPECT_EQ(repeated->version, first->version);
  EXPECT_EQ(repeated->etag, first->etag);
  EXPECT_EQ(repeated->verdict, first->verdict);
}

TEST_F(CorrectionTest, AnotherContentUnderTheSameRequestIsRefused) {
  ASSERT_TRUE(ledger_->Correct(CorrectionOf(receipt_, "c-1")).ok());
  CorrectionRequest other = CorrectionOf(receipt_, "c-1");
  other.finding.risk = Risk::kHigh;
  EXPECT_THAT(ledger_->Correct(other), FailsWith(Reason::kIdempotencyKeyReused));
}

TEST_F(CorrectionTest, RequestIdsOfOthersAreOthers) {
  const auto first = ledger_->Correct(CorrectionOf(receipt_, submission_.request_id));
  ASSERT_TRUE(first.ok()) << "the partner used the same id: " << first.status();
  CorrectionRequest second = CorrectionOf(*first, submission_.request_id);
  second.author = "reviewer-2";
  EXPECT_TRUE(ledger_->Correct(second).ok());
}

TEST_F(CorrectionTest, AnOldEtagAnUnseenOrAWithdrawnClueIsRefused) {
  CorrectionRequest unseen = CorrectionOf(receipt_, "c-0");
  unseen.scope.regions = {"44"};
  EXPECT_THAT(ledger_->Correct(unseen), FailsWith(Reason::kClueNotFound));
  const auto first = ledger_->Correct(CorrectionOf(receipt_, "c-1"));
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(ledger_->Correct(CorrectionOf(receipt_, "c-2")), FailsWith(Reason::kEtagMismatch));
  const auto gone = ledger_->Withdraw(WithdrawalOf(submission_, *first, "w-1"));
  ASSERT_TRUE(gone.ok());
  EXPECT_THAT(ledger_->Correct(CorrectionOf(*gone, "c-3")), FailsWith(Reason::kClueWithdrawn));
}

TEST_F(CorrectionTest, TheSystemCorrectsWithItsOwnVersionButNeverAPerson) {
  const auto moved = ledger_->Correct(BySystem(CorrectionOf(receipt_, "s-1")));
  ASSERT_TRUE(moved.ok()) << moved.status();
  const auto record = ledger_->Get(receipt_.clue_id);
  EXPECT_EQ(record->clue.verdict.rules_version, "rules-1");
  EXPECT_EQ(record->clue.correction->verdict.rules_version, "rules-2");
  EXPECT_EQ(record->clue.correction->author, domain::kSystemAuthor);
  EXPECT_EQ(record->alert.facets.scenario, Scenario::kReconsideration);

  const auto found = ledger_->Correct(CorrectionOf(*moved, "c-1"));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(domain::MachineVerdict(ledger_->Get(receipt_.clue_id)->clue).rules_version, "rules-2");
  EXPECT_THAT(ledger_->Correct(BySystem(CorrectionOf(*found, "s-2"))),
              FailsWith(Reason::kCorrectedByPerson));
}

TEST_F(CorrectionTest, TheSystemsRequestIsAnsweredAsItWasWhateverTheTextIsNow) {
  const auto first = ledger_->Correct(BySystem(CorrectionOf(receipt_, "s-1")));
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission_, *first, "r-1")).ok());
  CorrectionRequest again = BySystem(CorrectionOf(receipt_, "s-1"));
  again.verdict = {};
  again.verdict.rules_version = "rules-2";
  again.reason = "someone else asked";
  const auto repeated = ledger_->Correct(again);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->repeated);
  EXPECT_EQ(repeated->version, first->version);
  EXPECT_EQ(repeated->verdict, first->verdict);
  again.verdict.rules_version = "rules-3";
  EXPECT_THAT(ledger_->Correct(again), FailsWith(Reason::kIdempotencyKeyReused));
}

TEST_F(CorrectionTest, ARequestOfTheSystemWithoutAVerdictWritesNothing) {
  CorrectionRequest request = BySystem(CorrectionOf(receipt_, "s-1"));
  request.verdict = {};
  EXPECT_THAT(ledger_->Correct(request), FailsWith(Reason::kEtagMismatch));
  EXPECT_EQ(ledger_->Get(receipt_.clue_id)->clue.version, 1u);
}

TEST_F(CorrectionTest, ARevisionAgainstThePersonsFindingIsReviewedAgain) {
  const auto corrected = ledger_->Correct(CorrectionOf(receipt_, "c-1"));
  ASSERT_TRUE(corrected.ok());
  submission_.verdict.needs_review = false;
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission_, *corrected, "r-1")).ok());
  const auto record = ledger_->Get(receipt_.clue_id);
  EXPECT_FALSE(record->clue.correction.has_value());
  EXPECT_EQ(record->alert.kind, AlertKind::kReviewNeeded);
}

// What the person found is not lost by a second revision, nor by the same rules once more.
TEST_F(CorrectionTest, ItWaitsForAPersonWhateverComesBefore) {
  const auto corrected = ledger_->Correct(CorrectionOf(receipt_, "c-1"));
  ASSERT_TRUE(corrected.ok());
  submission_.verdict.needs_review = false;
  const auto revised = ledger_->Revise(RevisionOf(submission_, *corrected, "r-1"));
  ASSERT_TRUE(revised.ok());
  const auto again = ledger_->Revise(RevisionOf(submission_, *revised, "r-2"));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(domain::NeedsReview(ledger_->Get(receipt_.clue_id)->clue));
  EXPECT_EQ(ledger_->Get(receipt_.clue_id)->alert.kind, AlertKind::kReviewNeeded);
  CorrectionRequest same = BySystem(CorrectionOf(*again, "s-1"));
  same.verdict = submission_.verdict;
  EXPECT_THAT(ledger_->Correct(same), FailsWith(Reason::kCorrectedByPerson));
  CorrectionRequest other = BySystem(CorrectionOf(*again, "s-2"));
  other.verdict.needs_review = false;
  const auto moved = ledger_->Correct(other);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_TRUE(domain::NeedsReview(ledger_->Get(receipt_.clue_id)->clue));
  const auto settled = ledger_->Correct(CorrectionOf(*moved, "c-2"));
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_FALSE(domain::NeedsReview(ledger_->Get(receipt_.clue_id)->clue));
}

TEST_F(CorrectionTest, OneOfTwoAtOnceWins) {
  CorrectionRequest one = CorrectionOf(receipt_, "c-1");
  CorrectionRequest other = CorrectionOf(receipt_, "c-1");
  other.author = "reviewer-2";
  std::future<absl::StatusOr<Receipt>> first;
  std::future<absl::StatusOr<Receipt>> second;
  (*ledger_)->Correct(one, testing::kPatience, testing::Into(&first));
  (*ledger_)->Correct(other, testing::kPatience, testing::Into(&second));
  const auto a = first.get();
  const auto b = second.get();
  EXPECT_NE(a.ok(), b.ok());
  EXPECT_THAT(a.ok() ? b : a, FailsWith(Reason::kEtagMismatch));
  EXPECT_EQ(ledger_->Get(receipt_.clue_id)->clue.version, 2u);
}

}  // namespace
}  // namespace supervision::ledger
