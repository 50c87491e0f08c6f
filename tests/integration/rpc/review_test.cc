// ReviewService on a real server with a real Redis, and what monitors and partners hear of it.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"

namespace supervision::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class ReviewServiceTest : public ::testing::Test {
 protected:
  v1::ClueReceipt MustSubmit(int number) { return MustSubmit(ValidRequest(number)); }
  v1::ClueReceipt MustSubmit(const v1::SubmitClueRequest& request) {
    const Submitted submitted = Submit(*clues_, request);
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt;
  }
  // A text that leaves a person to decide: the first of some that the shipped rules doubt.
  v1::ClueReceipt MustSubmitDoubtful(int number) {
    v1::SubmitClueRequest request = ValidRequest(number);
    for (const char* const text :
         {"政协委员提案反映信访件办理拖延，审计也指出资金问题，法院判决后未履行。",
          "复议机关维持了处罚决定，群众又到信访部门反映，镇里普法宣传不到位。",
          "人大代表建议督办公示公开，巡察整改后审计发现问题，舆论关注。",
          "对答复不满意，请上级核实处理，希望公开有关决策文件并说明依据。",
          "执法人员普法时态度不好，媒体报道后群众评议较差，希望有人管。"}) {
      request.mutable_clue()->set_title("反映有关情况");
      request.mutable_clue()->set_content(text);
      request.set_validate_only(true);
      if (!MustSubmit(request).verdict().needs_review()) continue;
      request.set_validate_only(false);
      return MustSubmit(request);
    }
    ADD_FAILURE() << "the rules doubt none of these texts; write others";
    return MustSubmit(request);
  }

  static v1::CorrectVerdictRequest CorrectionOf(const v1::ClueReceipt& receipt,
                                                v1::Scenario scenario = v1::SCENARIO_JUDICIAL) {
    v1::CorrectVerdictRequest request;
    request.set_request_id("correction-1");
    request.set_clue_id(receipt.clue_id());
    request.set_etag(receipt.etag());
    request.set_scenario(scenario);
    request.set_risk(v1::RISK_MEDIUM);
    request.set_reason("属于法院执行问题");
    return request;
  }
  grpc::Status Correct(const v1::CorrectVerdictRequest& request,
                       v1::CorrectVerdictResponse* response) {
    return reviews_->CorrectVerdict(Context(kReviewerToken).get(), request, response);
  }
  v1::ListReviewQueueResponse Queue(v1::ListReviewQueueRequest request = {}) {
    v1::ListReviewQueueResponse response;
    const auto status =
        reviews_->ListReviewQueue(Context(kReviewerToken).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::GetClueResponse GetClue(const std::string& clue_id, const std::string& token) {
    v1::GetClueRequest request;
    request.set_clue_id(clue_id);
    request.set_with_history(true);
    v1::GetClueResponse response;
    const auto status = clues_->GetClue(Context(token).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  TestServer server_;
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(server_.channel());
  std::unique_ptr<ReviewStub> reviews_ = v1::ReviewService::NewStub(server_.channel());
};

TEST_F(ReviewServiceTest, ADoubtfulClueGoesFromTheQueueToItsCorrection) {
  const v1::ClueReceipt receipt = MustSubmitDoubtful(1);
  const v1::ListReviewQueueResponse queue = Queue();
  ASSERT_THAT(queue.items(), SizeIs(1));
  EXPECT_EQ(queue.items(0).clue().id(), receipt.clue_id());
  EXPECT_EQ(queue.items(0).etag(), receipt.etag());
  EXPECT_FALSE(queue.items(0).has_claim());

  v1::ClaimReviewRequest claim;
  claim.set_clue_id(receipt.clue_id());
  v1::ClaimReviewResponse claimed;
  ASSERT_TRUE(reviews_->ClaimReview(Context(kReviewerToken).get(), claim, &claimed).ok());
  EXPECT_EQ(claimed.item().claim().holder(), "example-reviewer");
  v1::ListReviewQueueRequest free;
  free.set_claims(v1::REVIEW_CLAIMS_FREE);
  EXPECT_THAT(Queue(free).items(), IsEmpty());
  free.set_claims(v1::REVIEW_CLAIMS_MINE);
  EXPECT_THAT(Queue(free).items(), SizeIs(1));

  v1::ReleaseReviewRequest release;
  release.set_clue_id(receipt.clue_id());
  v1::ReleaseReviewResponse released;
  ASSERT_TRUE(reviews_->ReleaseReview(Context(kReviewerToken).get(), release, &released).ok());
  EXPECT_FALSE(Queue().items(0).has_claim());

  v1::CorrectVerdictResponse corrected;
  const grpc::Status status = Correct(CorrectionOf(receipt), &corrected);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(corrected.receipt().version(), 2u);
  EXPECT_EQ(corrected.receipt().verdict().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_THAT(Queue().items(), IsEmpty());
  EXPECT_EQ(server_.Metric("supervision_ledger_corrections_total{by=\"person\",result="
                           "\"reclassified\"}"),
            1);
}

TEST_F(ReviewServiceTest, TheSameRequestGetsTheSameAnswer) {
  const v1::CorrectVerdictRequest request = CorrectionOf(MustSubmit(1));
  v1::CorrectVerdictResponse first;
  v1::CorrectVerdictResponse again;
  ASSERT_TRUE(Correct(request, &first).ok());
  ASSERT_TRUE(Correct(request, &again).ok());
  EXPECT_EQ(again.receipt().version(), first.receipt().version());
  EXPECT_EQ(again.receipt().etag(), first.receipt().etag());
  v1::CorrectVerdictRequest other = request;
  other.set_reason("另一个理由");
  EXPECT_EQ(ReasonOf(Correct(other, &again)), "IDEMPOTENCY_KEY_REUSED");
  other.set_request_id("correction-2");
  EXPECT_EQ(ReasonOf(Correct(other, &again)), "ETAG_MISMATCH");
}

TEST_F(ReviewServiceTest, WhomItNowConcernsHearsAndWhomItNoLongerDoesHearsThatItLeft) {
  v1::WatchAlertsRequest enforcement = FromLatest();
  enforcement.mutable_filter()->add_scenarios(v1::SCENARIO_ADMIN_ENFORCEMENT);
  v1::WatchAlertsRequest judicial = FromLatest();
  judicial.mutable_filter()->add_scenarios(v1::SCENARIO_JUDICIAL);
  Watcher before(server_.channel(), enforcement);
  Watcher scoped(server_.channel(), FromLatest(), kScopedMonitorToken);
  Watcher after(server_.channel(), judicial);
  for (Watcher* watcher : {&before, &scoped, &after}) {
    ASSERT_TRUE(watcher->NextMessage().has_value());
  }
  const v1::ClueReceipt receipt = MustSubmit(1);
  v1::CorrectVerdictResponse corrected;
  ASSERT_TRUE(Correct(CorrectionOf(receipt), &corrected).ok());
  for (Watcher* watcher : {&before, &scoped}) {
    const std::vector<v1::AlertUpdate> updates = watcher->Next(2);
    ASSERT_THAT(updates, SizeIs(2));
    EXPECT_EQ(updates[0].alert().clue_id(), receipt.clue_id());
    ASSERT_TRUE(updates[1].has_left());
    EXPECT_EQ(updates[1].left().alert_id(), receipt.alert_id());
    EXPECT_EQ(updates[1].left().version(), 2u);
  }
  const std::vector<v1::AlertUpdate> updates = after.Next(1);
  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].alert().kind(), v1::ALERT_KIND_RECLASSIFIED);
  EXPECT_EQ(updates[0].alert().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_FALSE(updates[0].alert().provisional());
}

TEST_F(ReviewServiceTest, TheMachinesWordStaysAndThePartnerIsToldNeitherWhoNorWhy) {
  const v1::ClueReceipt receipt = MustSubmit(1);
  v1::CorrectVerdictResponse corrected;
  ASSERT_TRUE(Correct(CorrectionOf(receipt), &corrected).ok());
  const v1::GetClueResponse seen = GetClue(receipt.clue_id(), kMonitorToken);
  EXPECT_EQ(seen.clue().verdict().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_EQ(seen.clue().correction().verdict().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_EQ(seen.clue().correction().by(), v1::CORRECTED_BY_PERSON);
  EXPECT_EQ(seen.clue().correction().author(), "example-reviewer");
  EXPECT_EQ(seen.clue().correction().reason(), "属于法院执行问题");
  ASSERT_THAT(seen.history(), SizeIs(2));
  EXPECT_FALSE(seen.history(0).has_correction());
  EXPECT_EQ(seen.history(1).correction().clue_version(), 2u);

  const v1::GetClueResponse own = GetClue(receipt.clue_id(), kPartnerToken);
  EXPECT_EQ(own.clue().correction().verdict().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_THAT(own.ShortDebugString(), Not(HasSubstr("example-reviewer")));
  EXPECT_EQ(own.clue().correction().reason(), "");
  EXPECT_EQ(own.history(1).correction().reason(), "");
}

TEST_F(ReviewServiceTest, WhatWasSaidOfASecretVersionIsWithheldThoughTheClueIsSecretNoMore) {
  v1::SubmitClueRequest request = ValidRequest(1);
  request.mutable_clue()->set_confidentiality(v1::CONFIDENTIALITY_SECRET);
  const v1::ClueReceipt receipt = MustSubmit(request);
  v1::CorrectVerdictResponse corrected;
  ASSERT_TRUE(Correct(CorrectionOf(receipt), &corrected).ok());
  v1::ReviseClueRequest revise;
  revise.set_request_id("revision-1");
  revise.set_clue_id(receipt.clue_id());
  revise.set_etag(corrected.receipt().etag());
  *revise.mutable_clue() = ValidRequest(1).clue();
  revise.mutable_clue()->set_confidentiality(v1::CONFIDENTIALITY_NORMAL);
  v1::ReviseClueResponse revised;
  ASSERT_TRUE(clues_->ReviseClue(Context(kPartnerToken).get(), revise, &revised).ok());

  const v1::GetClueResponse seen = GetClue(receipt.clue_id(), kMonitorToken);
  EXPECT_NE(seen.clue().content().content(), "") << "the clue itself is secret no more";
  ASSERT_THAT(seen.history(), SizeIs(3));
  EXPECT_EQ(seen.history(1).correction().verdict().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_EQ(seen.history(1).correction().reason(), "");
}

TEST_F(ReviewServiceTest, CorrectionsAreListedWithTextsForWhomMaySeeThem) {
  const v1::ClueReceipt open = MustSubmit(1);
  v1::SubmitClueRequest secret_request = ValidRequest(2);
  secret_request.mutable_clue()->set_confidentiality(v1::CONFIDENTIALITY_SECRET);
  const v1::ClueReceipt secret = MustSubmit(secret_request);
  v1::CorrectVerdictResponse corrected;
  ASSERT_TRUE(Correct(CorrectionOf(open), &corrected).ok());
  ASSERT_TRUE(Correct(CorrectionOf(secret), &corrected).ok());
  v1::ListCorrectionsRequest request;
  request.set_with_texts(true);
  v1::ListCorrectionsResponse response;
  ASSERT_TRUE(reviews_->ListCorrections(Context(kReviewerToken).get(), request, &response).ok());
  ASSERT_THAT(response.clues(), SizeIs(2));
  EXPECT_EQ(response.clues(0).clue_id(), secret.clue_id());
  EXPECT_FALSE(response.clues(0).has_texts());
  EXPECT_EQ(response.clues(0).content(), "");
  EXPECT_EQ(response.clues(0).correction().reason(), "");
  EXPECT_TRUE(response.clues(1).has_texts());
  EXPECT_EQ(response.clues(1).content(), ValidRequest(1).clue().content());
  EXPECT_EQ(response.clues(1).judged().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_EQ(response.clues(1).correction().verdict().scenario(), v1::SCENARIO_JUDICIAL);
}

TEST_F(ReviewServiceTest, EveryMistakeIsToldAtOnce) {
  v1::CorrectVerdictRequest request;
  request.set_request_id("not good");
  request.set_scenario(static_cast<v1::Scenario>(99));
  request.set_secondary_scenario(v1::SCENARIO_OUT_OF_SCOPE);
  request.add_problem_codes("enf 24");
  v1::CorrectVerdictResponse response;
  EXPECT_THAT(ViolationsOf(Correct(request, &response)),
              UnorderedElementsAre("request_id", "clue_id", "etag", "reason", "scenario",
                                   "secondary_scenario", "risk", "problem_codes[0]"));
  v1::ClaimReviewRequest claim;
  claim.mutable_lease()->set_seconds(5);
  v1::ClaimReviewResponse claimed;
  EXPECT_THAT(ViolationsOf(reviews_->ClaimReview(Context(kReviewerToken).get(), claim, &claimed)),
              UnorderedElementsAre("clue_id", "lease"));
}

TEST_F(ReviewServiceTest, OutOfScopeNeedsNoRisk) {
  v1::CorrectVerdictRequest request = CorrectionOf(MustSubmit(1), v1::SCENARIO_OUT_OF_SCOPE);
  request.clear_risk();
  v1::CorrectVerdictResponse response;
  const grpc::Status status = Correct(request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace supervision::testing
