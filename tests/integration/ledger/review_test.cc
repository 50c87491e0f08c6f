// The review queue, its claims and what was decided, against a real redis-server.
#include "services/domain/standing.h"
#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using domain::Reason;
using domain::Risk;
using domain::Scenario;
using testing::CorrectionOf;
using ::testing::ElementsAre;
using testing::ExampleSubmission;
using testing::FactOf;
using testing::FailsWith;
using ::testing::IsEmpty;
using testing::OptionsFor;
using testing::RevisionOf;
using ::testing::SizeIs;
using testing::TestLedger;
using testing::WithdrawalOf;

constexpr absl::Duration kLease = absl::Minutes(30);
// What a revision writes is larger, and smaller what the service writes by itself.
constexpr size_t kRevisionBytes = 500;

class ReviewTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new testing::RedisServer; }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override { Open(1); }
  void Open(int partitions) {
    ledger_.reset();
    server_->Call({"FLUSHALL"});
    Ledger::Options options = OptionsFor(*server_);
    options.partitions = partitions;
    ledger_ = std::make_unique<TestLedger>(options, &clock_);
    ASSERT_TRUE(ledger_->WaitReady());
  }

  static Submission Doubtful(const std::string& key, Risk risk = Risk::kMedium,
                             float confidence = 0.5f) {
    Submission submission = ExampleSubmission(key);
    submission.verdict.needs_review = true;
    submission.verdict.risk = risk;
    submission.verdict.confidence = confidence;
    return submission;
  }
  Receipt Submit(const Submission& submission) {
    const auto receipt = ledger_->Submit(submission);
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt.ok() ? *receipt : Receipt();
  }
  // The titles' keys of a page.
  static std::vector<std::string> KeysOf(const absl::StatusOr<ReviewPage>& page) {
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<std::string> keys;
    if (!page.ok()) return keys;
    for (const ReviewItem& item : page->items) {
      keys.push_back(item.clue.alert.title.substr(item.clue.alert.title.find(' ') + 1));
    }
    return keys;
  }
  static ClaimRequest ClaimOf(const Receipt& receipt, const std::string& holder) {
    return {{}, holder, receipt.clue_id, kLease};
  }
  static std::string Keys(const std::string& pattern) { return server_->Call({"KEYS", pattern}); }

  static testing::RedisServer* server_;
  // 08:00 in UTC+8.
  base::FakeClock clock_{absl::FromUnixSeconds(1'790'035'200)};
  std::unique_ptr<TestLedger> ledger_;
};
testing::RedisServer* ReviewTest::server_ = nullptr;

TEST_F(ReviewTest, OnlyWhatWaitsForAPersonIsInTheQueue) {
  Submit(ExampleSubmission("sure"));
  Submit(Doubtful("doubtful"));
  Submission grave = ExampleSubmission("grave");
  grave.verdict.scenario = Scenario::kOutOfScope;
  grave.verdict.risk = Risk::kHigh;
  Submit(grave);
  const auto page = ledger_->Queue();
  EXPECT_THAT(KeysOf(page), ElementsAre("grave", "doubtful"));
  EXPECT_EQ(page->next_page_token, "");
  EXPECT_FALSE(page->items[0].claim.has_value());
}

TEST_F(ReviewTest, TheQueueIsOrderedByGravityThenDayThenDoubtThenAge) {
  for (const int partitions : {1, 8}) {
    Open(partitions);
    Submit(Doubtful("low-old", Risk::kLow, 0.1f));
    Submit(Doubtful("medium-first-sure", Risk::kMedium, 0.9f));
    clock_.Advance(absl::Hours(1));
    Submit(Doubtful("medium-first-doubtful", Risk::kMedium, 0.2f));
    clock_.Advance(absl::Hours(1));
    Submit(Doubtful("medium-first-doubtful-later", Risk::kMedium, 0.1f));
    clock_.Advance(absl::Hours(24));
    Submit(Doubtful("medium-second-doubtful", Risk::kMedium, 0.1f));
    Submit(Doubtful("high-new-sure", Risk::kHigh, 0.95f));
    EXPECT_THAT(KeysOf(ledger_->Queue()),
                ElementsAre("high-new-sure", "medium-first-doubtful", "medium-first-doubtful-later",
                            "medium-first-sure", "medium-second-doubtful", "low-old"))
        << partitions << " partitions";
  }
}

TEST_F(ReviewTest, PagesNeitherRepeatNorSkipWhileCluesLeave) {
  Open(8);
  std::vector<Receipt> receipts;
  for (int i = 0; i < 60; ++i) {
    const float confidence = static_cast<float>(i % 10) / 10;
    receipts.push_back(Submit(Doubtful(std::to_string(i), Risk(1 + i % 3), confidence)));
    clock_.Advance(absl::Hours(2));
  }
  ReviewQuery query;
  query.page_size = 500;
  const std::vector<std::string> all = KeysOf(ledger_->Queue(query));
  ASSERT_THAT(all, SizeIs(60));
  std::vector<std::string> paged;
  query.page_size = 7;
  do {
    const auto page = ledger_->Queue(query);
    for (const std::string& key : KeysOf(page)) paged.push_back(key);
    // What has been shown is corrected before the next page is asked for.
    for (const ReviewItem& item : page->items) {
      for (const Receipt& receipt : receipts) {
        if (receipt.clue_id != item.clue.clue_id) continue;
        ASSERT_TRUE(ledger_->Correct(CorrectionOf(receipt, "c-" + receipt.clue_id)).ok());
      }
    }
    query.page_token = page->next_page_token;
  } while (!query.page_token.empty());
  EXPECT_EQ(paged, all);
  EXPECT_THAT(KeysOf(ledger_->Queue()), IsEmpty());
  EXPECT_EQ(Keys("*}:q:*"), "*0\r\n");
}

TEST_F(ReviewTest, ATokenFitsItsQuestionOnly) {
  Submit(Doubtful("1"));
  Submit(Doubtful("2"));
  ReviewQuery query;
  query.page_size = 1;
  query.page_token = ledger_->Queue(query)->next_page_token;
  EXPECT_THAT(KeysOf(ledger_->Queue(query)), ElementsAre("2"));
  query.claims = ReviewQuery::Claims::kFree;
  EXPECT_THAT(ledger_->Queue(query), FailsWith(Reason::kPageTokenInvalid));
}

TEST_F(ReviewTest, ScopeAndFilterApply) {
  Submit(Doubtful("1"));
  Submission elsewhere = Doubtful("2", Risk::kHigh);
  elsewhere.content.region_code = "440106";
  Submit(elsewhere);
  ReviewQuery query;
  query.scope.regions = {"33"};
  EXPECT_THAT(KeysOf(ledger_->Queue(query)), ElementsAre("1"));
  query.scope = {};
  query.filter.min_risk = Risk::kHigh;
  EXPECT_THAT(KeysOf(ledger_->Queue(query)), ElementsAre("2"));
}

TEST_F(ReviewTest, ACorrectionAWithdrawalAndASureRevisionLeaveTheQueue) {
  Submit(Doubtful("stays"));
  const Receipt corrected = Submit(Doubtful("corrected"));
  const Submission withdrawn = Doubtful("withdrawn");
  const Receipt withdrawn_receipt = Submit(withdrawn);
  Submission revised = Doubtful("revised");
  const Receipt revised_receipt = Submit(revised);
  ASSERT_TRUE(ledger_->Correct(CorrectionOf(corrected, "c-1")).ok());
  ASSERT_TRUE(ledger_->Withdraw(WithdrawalOf(withdrawn, withdrawn_receipt, "w-1")).ok());
  revised.verdict.needs_review = false;
  ASSERT_TRUE(ledger_->Revise(RevisionOf(revised, revised_receipt, "r-1")).ok());
  EXPECT_THAT(KeysOf(ledger_->Queue()), ElementsAre("stays"));
  EXPECT_EQ(server_->Call({"ZCARD", "sv:{0}:q:2:2"}), ":1\r\n");
}

TEST_F(ReviewTest, ARevisionMovesAClueWithinTheQueueAndKeepsItsAge) {
  Submission submission = Doubtful("1", Risk::kLow);
  const Receipt receipt = Submit(submission);
  clock_.Advance(absl::Hours(48));
  Submit(Doubtful("2", Risk::kHigh));
  submission.verdict.risk = Risk::kHigh;
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission, receipt, "r-1")).ok());
  EXPECT_THAT(KeysOf(ledger_->Queue()), ElementsAre("1", "2"));
  EXPECT_EQ(Keys("*}:q:1:*"), "*0\r\n");
}

TEST_F(ReviewTest, AClaimKeepsOthersAwayUntilItEnds) {
  const Receipt receipt = Submit(Doubtful("1"));
  const auto claimed = ledger_->Claim(ClaimOf(receipt, "reviewer-1"));
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->etag, receipt.etag);
  EXPECT_EQ(claimed->claim->holder, "reviewer-1");
  EXPECT_EQ(claimed->claim->until, clock_.Now() + kLease);

  const auto refused = ledger_->Claim(ClaimOf(receipt, "reviewer-2"));
  EXPECT_THAT(refused, FailsWith(Reason::kReviewClaimed));
  EXPECT_EQ(FactOf(refused, "claimed_by"), "reviewer-1");
  EXPECT_THAT(FactOf(refused, "claimed_until"), ::testing::StartsWith("2026-"));
  CorrectionRequest other = CorrectionOf(receipt, "c-1");
  other.author = "reviewer-2";
  EXPECT_THAT(ledger_->Correct(other), FailsWith(Reason::kReviewClaimed));

  clock_.Advance(kLease);
  EXPECT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-2")).ok());
  EXPECT_THAT(ledger_->Claim(ClaimOf(receipt, "reviewer-1")), FailsWith(Reason::kReviewClaimed));
  EXPECT_TRUE(ledger_->Correct(other).ok());
}

TEST_F(ReviewTest, AClaimIsRenewedByItsHolder) {
  const Receipt receipt = Submit(Doubtful("1"));
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  clock_.Advance(kLease - absl::Seconds(1));
  const auto renewed = ledger_->Claim(ClaimOf(receipt, "reviewer-1"));
  ASSERT_TRUE(renewed.ok());
  EXPECT_EQ(renewed->claim->until, clock_.Now() + kLease);
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(ledger_->Claim(ClaimOf(receipt, "reviewer-2")), FailsWith(Reason::kReviewClaimed));
}

TEST_F(ReviewTest, AClaimIsGivenBackByItsHolderOnly) {
  const Receipt receipt = Submit(Doubtful("1"));
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  EXPECT_THAT(ledger_->Release(ClaimOf(receipt, "reviewer-2")), FailsWith(Reason::kReviewClaimed));
  EXPECT_TRUE(ledger_->Release(ClaimOf(receipt, "reviewer-1")).ok());
  EXPECT_TRUE(ledger_->Release(ClaimOf(receipt, "reviewer-1")).ok()) << "nothing to give back";
  EXPECT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-2")).ok());
}

TEST_F(ReviewTest, TheQueueTellsClaimsAndCanBeAskedForThem) {
  const Receipt receipt = Submit(Doubtful("1"));
  Submit(Doubtful("2"));
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  const auto page = ledger_->Queue();
  ASSERT_THAT(KeysOf(page), ElementsAre("1", "2"));
  EXPECT_EQ(page->items[0].claim->holder, "reviewer-1");
  ReviewQuery query;
  query.caller = "reviewer-1";
  query.claims = ReviewQuery::Claims::kFree;
  EXPECT_THAT(KeysOf(ledger_->Queue(query)), ElementsAre("2"));
  query.claims = ReviewQuery::Claims::kMine;
  EXPECT_THAT(KeysOf(ledger_->Queue(query)), ElementsAre("1"));
  query.caller = "reviewer-2";
  EXPECT_THAT(KeysOf(ledger_->Queue(query)), IsEmpty());
  clock_.Advance(kLease);
  query.claims = ReviewQuery::Claims::kFree;
  EXPECT_THAT(KeysOf(ledger_->Queue(query)), ElementsAre("1", "2")) << "the claim has ended";
}

TEST_F(ReviewTest, WhatDoesNotWaitOrIsNotSeenCannotBeClaimed) {
  const Receipt sure = Submit(ExampleSubmission("sure"));
  EXPECT_THAT(ledger_->Claim(ClaimOf(sure, "reviewer-1")), FailsWith(Reason::kReviewNotNeeded));
  ClaimRequest unseen = ClaimOf(Submit(Doubtful("1")), "reviewer-1");
  unseen.scope.regions = {"44"};
  EXPECT_THAT(ledger_->Claim(unseen), FailsWith(Reason::kClueNotFound));
  unseen.clue_id = "nonsense";
  EXPECT_THAT(ledger_->Claim(unseen), FailsWith(Reason::kClueNotFound));
}

TEST_F(ReviewTest, OneOfManyWhoClaimAtOnceGetsIt) {
  const Receipt receipt = Submit(Doubtful("1"));
  std::vector<std::future<absl::StatusOr<ReviewItem>>> answers(16);
  for (size_t i = 0; i < answers.size(); ++i) {
    (*ledger_)->ClaimReview(ClaimOf(receipt, "reviewer-" + std::to_string(i)), testing::kPatience,
                            testing::Into(&answers[i]));
  }
  int held = 0;
  for (auto& answer : answers) held += answer.get().ok() ? 1 : 0;
  EXPECT_EQ(held, 1);
}

TEST_F(ReviewTest, AClaimEndsWithTheWordThatItWasTakenFor) {
  const Submission submission = Doubtful("1");
  const Receipt receipt = Submit(submission);
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  const auto corrected = ledger_->Correct(CorrectionOf(receipt, "c-1"));
  ASSERT_TRUE(corrected.ok()) << corrected.status();
  // A revision puts the clue before people again: before whomever comes first.
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission, *corrected, "r-1")).ok());
  const auto page = ledger_->Queue();
  ASSERT_THAT(KeysOf(page), ElementsAre("1"));
  EXPECT_FALSE(page->items[0].claim.has_value());
  EXPECT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-2")).ok());
}

TEST_F(ReviewTest, AClaimEndsWhenNobodyNeedLookAnyMore) {
  Submission submission = Doubtful("1");
  const Receipt receipt = Submit(submission);
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  submission.verdict.needs_review = false;
  const auto sure = ledger_->Revise(RevisionOf(submission, receipt, "r-1"));
  ASSERT_TRUE(sure.ok()) << sure.status();
  CorrectionRequest other = CorrectionOf(*sure, "c-1");
  other.author = "reviewer-2";
  EXPECT_TRUE(ledger_->Correct(other).ok());
}

TEST_F(ReviewTest, ARevisionThatLeavesTheClueWithItsHolderLeavesTheClaim) {
  const Submission submission = Doubtful("1");
  const Receipt receipt = Submit(submission);
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission, receipt, "r-1")).ok());
  EXPECT_THAT(ledger_->Claim(ClaimOf(receipt, "reviewer-2")), FailsWith(Reason::kReviewClaimed));
}

TEST_F(ReviewTest, AClaimEndsWhenTheClueMovesToOthers) {
  for (const bool secret : {false, true}) {
    Submission submission = Doubtful(secret ? "secret" : "moved");
    const Receipt receipt = Submit(submission);
    ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
    if (secret) {
      submission.content.confidentiality = domain::Confidentiality::kSecret;
    } else {
      submission.content.region_code = "440106";
    }
    ASSERT_TRUE(ledger_->Revise(RevisionOf(submission, receipt, "r-1")).ok());
    EXPECT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-2")).ok()) << submission.request_id;
  }
}

TEST_F(ReviewTest, WhoHoldsAClueOutsideHisViewMayGiveItBack) {
  const Receipt receipt = Submit(Doubtful("1"));
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  // Meanwhile both answer for another region.
  ClaimRequest unseen = ClaimOf(receipt, "reviewer-1");
  unseen.scope.regions = {"44"};
  ClaimRequest other = unseen;
  other.holder = "reviewer-2";
  EXPECT_THAT(ledger_->Release(other), FailsWith(Reason::kClueNotFound));
  EXPECT_TRUE(ledger_->Release(unseen).ok());
  EXPECT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-2")).ok());
}

TEST_F(ReviewTest, ACorrectionThatWasDecidedBeforeAnothersClaimHearsWhoHoldsTheClue) {
  const Receipt receipt = Submit(Doubtful("1"));
  std::future<absl::StatusOr<ReviewItem>> claimed;
  std::future<absl::StatusOr<Receipt>> corrected;
  {
    const testing::HeldWrites held(server_);
    (*ledger_)->ClaimReview(ClaimOf(receipt, "reviewer-2"), testing::kPatience,
                            testing::Into(&claimed));
    ASSERT_TRUE(held.WaitFor());
    // Nobody holds the clue yet when the correction looks.
    ASSERT_TRUE(held.WaitForRead("hget", [&] {
      (*ledger_)->Correct(CorrectionOf(receipt, "c-1"), testing::kPatience,
                          testing::Into(&corrected));
    }));
  }
  EXPECT_TRUE(claimed.get().ok());
  const auto refused = corrected.get();
  EXPECT_THAT(refused, FailsWith(Reason::kReviewClaimed));
  EXPECT_EQ(FactOf(refused, "claimed_by"), "reviewer-2");
}

TEST_F(ReviewTest, ACorrectionWhoseAuthorRenewsHisClaimMeanwhileIsMade) {
  const Receipt receipt = Submit(Doubtful("1"));
  ASSERT_TRUE(ledger_->Claim(ClaimOf(receipt, "reviewer-1")).ok());
  clock_.Advance(absl::Minutes(1));
  std::future<absl::StatusOr<ReviewItem>> renewed;
  std::future<absl::StatusOr<Receipt>> corrected;
  {
    const testing::HeldWrites held(server_);
    (*ledger_)->ClaimReview(ClaimOf(receipt, "reviewer-1"), testing::kPatience,
                            testing::Into(&renewed));
    ASSERT_TRUE(held.WaitFor());
    ASSERT_TRUE(held.WaitForRead("hget", [&] {
      (*ledger_)->Correct(CorrectionOf(receipt, "c-1"), testing::kPatience,
                          testing::Into(&corrected));
    }));
  }
  EXPECT_TRUE(renewed.get().ok());
  EXPECT_TRUE(corrected.get().ok());
}

TEST_F(ReviewTest, AClaimOfAClueThatChangesMeanwhileIsTakenOfItAsItIs) {
  const Submission submission = Doubtful("1");
  const Receipt receipt = Submit(submission);
  std::future<absl::StatusOr<ReviewItem>> claimed;
  std::future<absl::StatusOr<Receipt>> revised;
  {
    const testing::HeldWrites held(server_);
    (*ledger_)->Revise(RevisionOf(submission, receipt, "r-1"), testing::kPatience,
                       testing::Into(&revised));
    ASSERT_TRUE(held.WaitFor(kRevisionBytes));
    ASSERT_TRUE(held.WaitForRead("hmget", [&] {
      (*ledger_)->ClaimReview(ClaimOf(receipt, "reviewer-1"), testing::kPatience,
                              testing::Into(&claimed));
    }));
  }
  const auto made = revised.get();
  ASSERT_TRUE(made.ok()) << made.status();
  const auto item = claimed.get();
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ(item->etag, made->etag);
}

TEST_F(ReviewTest, CorrectionsByPersonsAreListedWithTheirTexts) {
  const Submission submission = Doubtful("1");
  const Receipt receipt = Submit(submission);
  const Receipt other = Submit(Doubtful("2"));
  ASSERT_TRUE(ledger_->Correct(CorrectionOf(receipt, "c-1")).ok());
  CorrectionRequest system = CorrectionOf(other, "s-1");
  system.by = domain::CorrectedBy::kSystem;
  system.author = domain::kSystemAuthor;
  system.verdict.scenario = Scenario::kJudicial;
  ASSERT_TRUE(ledger_->Correct(system).ok());
  const auto page = ledger_->Corrections();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->corrections, SizeIs(1));
  const CorrectedClue& word = page->corrections[0];
  EXPECT_EQ(word.clue.content, submission.content);
  EXPECT_EQ(domain::Standing(word.clue).scenario, Scenario::kJudicial);
  EXPECT_EQ(word.clue.verdict.scenario, Scenario::kAdminEnforcement);
  EXPECT_FALSE(word.superseded);
  ListQuery query;
  query.scope.regions = {"44"};
  EXPECT_THAT(ledger_->Corrections(query)->corrections, IsEmpty());
}

TEST_F(ReviewTest, TheHistoryHasEveryWordOnAClue) {
  const Submission submission = Doubtful("1");
  const Receipt receipt = Submit(submission);
  const auto corrected = ledger_->Correct(CorrectionOf(receipt, "c-1"));
  ASSERT_TRUE(corrected.ok());
  Receipt last = *corrected;
  for (int i = 0; i < 12; ++i) {
    last = *ledger_->Revise(RevisionOf(submission, last, "r-" + std::to_string(i)));
  }
  const auto history = ledger_->History(receipt.clue_id);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_THAT(history->versions, SizeIs(14));
  EXPECT_EQ(history->versions[0].verdict.scenario, Scenario::kAdminEnforcement);
  EXPECT_FALSE(history->versions[0].correction.has_value());
  EXPECT_EQ(history->versions[1].correction->verdict.scenario, Scenario::kJudicial);
  EXPECT_FALSE(history->versions[2].correction.has_value());
  EXPECT_EQ(history->versions[13].version, 14u);
  EXPECT_EQ(history->versions[13].content, domain::ClueContent());
  domain::Scope other;
  other.regions = {"44"};
  EXPECT_THAT(ledger_->History(receipt.clue_id, other), FailsWith(Reason::kClueNotFound));
}

TEST_F(ReviewTest, AVersionIsSeenByWhoSawItThenAndIsAsSecretAsItWas) {
  Submission submission = Doubtful("1");
  submission.content.confidentiality = domain::Confidentiality::kSecret;
  const Receipt receipt = Submit(submission);
  const auto corrected = ledger_->Correct(CorrectionOf(receipt, "c-1"));
  ASSERT_TRUE(corrected.ok());
  submission.content.confidentiality = domain::Confidentiality::kNormal;
  const auto open = ledger_->Revise(RevisionOf(submission, *corrected, "r-1"));
  ASSERT_TRUE(open.ok());
  submission.content.region_code = "440106";
  const auto moved = ledger_->Revise(RevisionOf(submission, *open, "r-2"));
  ASSERT_TRUE(moved.ok());

  const auto all = ledger_->History(receipt.clue_id);
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_THAT(all->versions, SizeIs(4));
  EXPECT_EQ(all->versions[1].confidentiality, domain::Confidentiality::kSecret);
  EXPECT_EQ(all->versions[2].confidentiality, domain::Confidentiality::kNormal);
  domain::Scope newcomers;
  newcomers.regions = {"44"};
  const auto seen = ledger_->History(receipt.clue_id, newcomers);
  ASSERT_TRUE(seen.ok()) << seen.status();
  ASSERT_THAT(seen->versions, SizeIs(1));
  EXPECT_EQ(seen->versions[0].version, 4u);

  // What has become secret is so from its beginning.
  submission.content.confidentiality = domain::Confidentiality::kSecret;
  ASSERT_TRUE(ledger_->Revise(RevisionOf(submission, *moved, "r-3")).ok());
  EXPECT_EQ(ledger_->History(receipt.clue_id)->versions[2].confidentiality,
            domain::Confidentiality::kSecret);
}

}  // namespace
}  // namespace supervision::ledger
