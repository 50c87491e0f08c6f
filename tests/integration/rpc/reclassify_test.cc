// History sorted anew by later rules, on a real server with a real Redis.
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/classification/model/format.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/rule_folder.h"

namespace supervision::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class ReclassifyTest : public ::testing::Test {
 protected:
  v1::ClueReceipt MustSubmit(int number, v1::Confidentiality secrecy = v1::CONFIDENTIALITY_NORMAL) {
    v1::SubmitClueRequest request = ValidRequest(number);
    request.mutable_clue()->set_title("决定书");
    request.mutable_clue()->set_content(kRuleFolderText);
    request.mutable_clue()->set_confidentiality(secrecy);
    const Submitted submitted = Submit(*clues_, request);
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt;
  }
  // Another set comes into force; its version.
  std::string Exchange(domain::Scenario scenario) {
    WriteModel(scenario, Sure::kYes);
    v1::ReloadRulesResponse response;
    const auto stub = v1::AdminService::NewStub(server_->channel());
    EXPECT_TRUE(stub->ReloadRules(Context(kOperatorToken).get(), {}, &response).ok());
    EXPECT_EQ(response.rules().last_attempt().result(), v1::RELOAD_RESULT_LOADED);
    return response.rules().rules_version();
  }
  static v1::ReclassifyClueRequest RequestOf(const v1::ClueReceipt& receipt,
                                             const std::string& rules_version) {
    v1::ReclassifyClueRequest request;
    request.set_clue_id(receipt.clue_id());
    request.set_etag(receipt.etag());
    request.set_rules_version(rules_version);
    return request;
  }
  grpc::Status Reclassify(const v1::ReclassifyClueRequest& request,
                          v1::ReclassifyClueResponse* response,
                          const std::string& token = kReviewerToken) {
    response->Clear();
    return reviews_->ReclassifyClue(Context(token).get(), request, response);
  }
  v1::Clue Read(const std::string& clue_id) {
    v1::GetClueRequest request;
    request.set_clue_id(clue_id);
    v1::GetClueResponse response;
    EXPECT_TRUE(clues_->GetClue(Context(kMonitorToken).get(), request, &response).ok());
    return response.clue();
  }
  v1::CorrectVerdictResponse MustCorrect(const v1::ClueReceipt& receipt) {
    v1::CorrectVerdictRequest request;
    request.set_request_id("c-1");
    request.set_clue_id(receipt.clue_id());
    request.set_etag(receipt.etag());
    request.set_scenario(v1::SCENARIO_PETITION_DISPUTE);
    request.set_risk(v1::RISK_LOW);
    request.set_reason("属于信访事项");
    v1::CorrectVerdictResponse response;
    const auto status = reviews_->CorrectVerdict(Context(kReviewerToken).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // The model in force says the same of every text.
  enum class Sure { kYes, kNo };
  void WriteModel(domain::Scenario scenario, Sure sure) {
    classification::ModelData model;
    model.version = "test";
    for (const domain::Scenario one : domain::kScenarios) {
      model.classes.emplace_back(domain::Code(one));
      model.logit_biases.push_back(one != scenario ? 0 : sure == Sure::kYes ? 9.0F : 1.0F);
    }
    const size_t classes = model.classes.size();
    model.review_below = 0.5F;
    model.keys = {classification::SignalKey(classification::SignalKind::kCue, "NONE")};
    model.values = {1};
    model.weights.assign(classes, 0);
    model.steps.assign(classes, 1);
    model.biases.assign(classes, 0);
    model.logits.assign(classes * classes, 0);
    std::ofstream(model_, std::ios::binary) << classification::WriteModel(model);
  }
  void Start(Sure sure = Sure::kYes) {
    WriteModel(domain::Scenario::kAdminEnforcement, sure);
    server_ = std::make_unique<TestServer>(
        TestServer::Options{.flags = {"--files.catalogue=" + folder_.path() + "/catalogue.yaml",
                                      "--files.rules=" + folder_.path() + "/rules",
                                      "--files.model=" + model_, "--reload.watch=false"}});
    clues_ = v1::ClueService::NewStub(server_->channel());
    reviews_ = v1::ReviewService::NewStub(server_->channel());
  }
  void SetUp() override { Start(); }

  RuleFolder folder_;
  const std::string model_ = folder_.path() + "/model.bin";
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<ClueStub> clues_;
  std::unique_ptr<ReviewStub> reviews_;
};

TEST_F(ReclassifyTest, ALaterVerdictStandsBesideTheFirstWithItsOwnVersion) {
  const v1::ClueReceipt receipt = MustSubmit(1);
  const std::string later = Exchange(domain::Scenario::kJudicial);
  v1::ReclassifyClueResponse response;
  const grpc::Status status = Reclassify(RequestOf(receipt, later), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.verdict().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_EQ(response.receipt().version(), 2u);
  const v1::Clue clue = Read(receipt.clue_id());
  EXPECT_EQ(clue.verdict().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_EQ(clue.verdict().rules_version(), receipt.verdict().rules_version());
  EXPECT_EQ(clue.correction().by(), v1::CORRECTED_BY_SYSTEM);
  EXPECT_EQ(clue.correction().verdict().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_EQ(clue.correction().verdict().rules_version(), later);
  EXPECT_THAT(clue.correction().reason(), HasSubstr(later));
  EXPECT_THAT(clue.correction().reason(), HasSubstr("example-reviewer")) << "who asked for it";
  EXPECT_EQ(server_->Metric("supervision_ledger_corrections_total{by=\"system\",result="
                            "\"reclassified\"}"),
            1);
}

TEST_F(ReclassifyTest, WhatTheRulesSayAsBeforeIsNotChanged) {
  const v1::ClueReceipt receipt = MustSubmit(1);
  v1::ReclassifyClueResponse response;
  const auto request = RequestOf(receipt, receipt.verdict().rules_version());
  ASSERT_TRUE(Reclassify(request, &response).ok());
  EXPECT_FALSE(response.has_receipt());
  EXPECT_EQ(response.verdict().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_EQ(Read(receipt.clue_id()).version(), 1u);
}

TEST_F(ReclassifyTest, ARepeatChangesNothingAndGetsTheFirstAnswer) {
  const v1::ClueReceipt receipt = MustSubmit(1);
  const v1::ReclassifyClueRequest request =
      RequestOf(receipt, Exchange(domain::Scenario::kJudicial));
  v1::ReclassifyClueResponse first;
  v1::ReclassifyClueResponse again;
  ASSERT_TRUE(Reclassify(request, &first).ok());
  ASSERT_TRUE(Reclassify(request, &again).ok());
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  v1::ReviseClueRequest revise;
  revise.set_request_id("revise-1");
  revise.set_clue_id(receipt.clue_id());
  revise.set_etag(first.receipt().etag());
  *revise.mutable_clue() = ValidClue(1);
  v1::ReviseClueResponse revised;
  ASSERT_TRUE(clues_->ReviseClue(Context(kPartnerToken).get(), revise, &revised).ok());
  ASSERT_TRUE(Reclassify(request, &again).ok()) << "also once the clue has another text";
  EXPECT_EQ(again.receipt().etag(), first.receipt().etag());
  EXPECT_EQ(Read(receipt.clue_id()).version(), 3u);
}

TEST_F(ReclassifyTest, ManyAtOnceMakeOneCorrection) {
  const v1::ClueReceipt receipt = MustSubmit(1);
  const v1::ReclassifyClueRequest request =
      RequestOf(receipt, Exchange(domain::Scenario::kJudicial));
  std::vector<v1::ReclassifyClueResponse> answers(8);
  std::vector<std::thread> callers;
  for (v1::ReclassifyClueResponse& answer : answers) {
    callers.emplace_back([&] { EXPECT_TRUE(Reclassify(request, &answer).ok()); });
  }
  for (std::thread& caller : callers) caller.join();
  for (const v1::ReclassifyClueResponse& answer : answers) {
    EXPECT_EQ(answer.receipt().version(), 2u);
  }
  EXPECT_EQ(Read(receipt.clue_id()).version(), 2u);
}

TEST_F(ReclassifyTest, OtherRulesThanTheCallerSawOrAnotherVersionAreRefused) {
  const v1::ClueReceipt receipt = MustSubmit(1);
  const std::string later = Exchange(domain::Scenario::kJudicial);
  v1::ReclassifyClueResponse response;
  const grpc::Status other =
      Reclassify(RequestOf(receipt, receipt.verdict().rules_version()), &response);
  EXPECT_EQ(ReasonOf(other), "RULES_CHANGED");
  EXPECT_EQ(other.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(FactOf(other, "rules_version"), later);
  ASSERT_TRUE(Reclassify(RequestOf(receipt, later), &response).ok());
  const std::string last = Exchange(domain::Scenario::kReconsideration);
  EXPECT_EQ(ReasonOf(Reclassify(RequestOf(receipt, last), &response)), "ETAG_MISMATCH");
  EXPECT_EQ(Read(receipt.clue_id()).version(), 2u);
}

TEST_F(ReclassifyTest, WhatAPersonDecidedIsLeft) {
  v1::ClueReceipt receipt = MustSubmit(1);
  receipt = MustCorrect(receipt).receipt();
  v1::ReclassifyClueResponse response;
  EXPECT_EQ(
      ReasonOf(Reclassify(RequestOf(receipt, Exchange(domain::Scenario::kJudicial)), &response)),
      "CORRECTED_BY_PERSON");
  EXPECT_EQ(Read(receipt.clue_id()).correction().verdict().scenario(),
            v1::SCENARIO_PETITION_DISPUTE);
}

TEST_F(ReclassifyTest, WithoutATextNothingIsGuessed) {
  const v1::ClueReceipt secret = MustSubmit(1, v1::CONFIDENTIALITY_SECRET);
  const v1::ClueReceipt taken_back = MustSubmit(2);
  v1::WithdrawClueRequest withdraw;
  withdraw.set_request_id("w-1");
  withdraw.set_clue_id(taken_back.clue_id());
  withdraw.set_etag(taken_back.etag());
  withdraw.set_reason("重复提交");
  v1::WithdrawClueResponse withdrawn;
  ASSERT_TRUE(clues_->WithdrawClue(Context(kPartnerToken).get(), withdraw, &withdrawn).ok());
  const std::string later = Exchange(domain::Scenario::kJudicial);
  v1::ReclassifyClueResponse response;
  const grpc::Status withheld = Reclassify(RequestOf(secret, later), &response);
  EXPECT_EQ(ReasonOf(withheld), "TEXT_WITHHELD");
  EXPECT_EQ(withheld.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Read(secret.clue_id()).version(), 1u);
  EXPECT_EQ(ReasonOf(Reclassify(RequestOf(withdrawn.receipt(), later), &response)),
            "CLUE_WITHDRAWN");
}

TEST_F(ReclassifyTest, MonitorsHearOfItOrThatItLeftTheirView) {
  v1::WatchAlertsRequest enforcement = FromLatest();
  enforcement.mutable_filter()->add_scenarios(v1::SCENARIO_ADMIN_ENFORCEMENT);
  v1::WatchAlertsRequest judicial = FromLatest();
  judicial.mutable_filter()->add_scenarios(v1::SCENARIO_JUDICIAL);
  Watcher before(server_->channel(), enforcement);
  Watcher after(server_->channel(), judicial);
  for (Watcher* watcher : {&before, &after}) ASSERT_TRUE(watcher->NextMessage().has_value());
  const v1::ClueReceipt receipt = MustSubmit(1);
  v1::ReclassifyClueResponse response;
  ASSERT_TRUE(
      Reclassify(RequestOf(receipt, Exchange(domain::Scenario::kJudicial)), &response).ok());
  const std::vector<v1::AlertUpdate> left = before.Next(2);
  ASSERT_THAT(left, SizeIs(2));
  ASSERT_TRUE(left[1].has_left());
  EXPECT_EQ(left[1].left().version(), 2u);
  const std::vector<v1::AlertUpdate> told = after.Next(1);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert().scenario(), v1::SCENARIO_JUDICIAL);
  EXPECT_EQ(told[0].alert().kind(), v1::ALERT_KIND_RECLASSIFIED);
}

TEST_F(ReclassifyTest, AClueThatAReviewerHoldsIsLeftToIt) {
  Start(Sure::kNo);
  const v1::ClueReceipt receipt = MustSubmit(1);
  ASSERT_TRUE(receipt.verdict().needs_review());
  v1::ClaimReviewRequest claim;
  claim.set_clue_id(receipt.clue_id());
  v1::ClaimReviewResponse claimed;
  ASSERT_TRUE(reviews_->ClaimReview(Context(kReviewerToken).get(), claim, &claimed).ok());
  v1::ReclassifyClueResponse response;
  EXPECT_EQ(
      ReasonOf(Reclassify(RequestOf(receipt, Exchange(domain::Scenario::kJudicial)), &response)),
      "REVIEW_CLAIMED");
}

TEST_F(ReclassifyTest, EveryMistakeIsToldAtOnceAndMonitorsMayNot) {
  v1::ReclassifyClueResponse response;
  EXPECT_THAT(ViolationsOf(Reclassify({}, &response)),
              UnorderedElementsAre("clue_id", "etag", "rules_version"));
  EXPECT_EQ(ReasonOf(Reclassify({}, &response, kMonitorToken)), "PERMISSION_DENIED");
  v1::ReclassifyClueRequest unknown;
  unknown.set_clue_id("c00");
  unknown.set_etag("x");
  unknown.set_rules_version(MustSubmit(1).verdict().rules_version());
  EXPECT_EQ(ReasonOf(Reclassify(unknown, &response)), "CLUE_NOT_FOUND");
}

}  // namespace
}  // namespace supervision::testing
