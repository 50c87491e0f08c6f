// Handling of alerts, and back-fill, on a real server with a real Redis: what handlers do, what
// monitors in and out of scope hear of it, and what partners do not.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kNote[] = "已电话联系当事人王某核实";

class HandlingTest : public ::testing::Test {
 protected:
  v1::ClueReceipt MustSubmit(const v1::SubmitClueRequest& request,
                             const std::string& token = kPartnerToken) {
    const Submitted submitted = Submit(*clues_, request, token);
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt;
  }
  grpc::Status Get(const std::string& alert_id, v1::Alert* alert,
                   const std::string& token = kHandlerToken) {
    v1::GetAlertRequest request;
    request.set_alert_id(alert_id);
    v1::GetAlertResponse response;
    grpc::Status status = alerts_->GetAlert(Context(token).get(), request, &response);
    *alert = response.alert();
    return status;
  }
  v1::Alert MustGet(const std::string& alert_id) {
    v1::Alert alert;
    const grpc::Status status = Get(alert_id, &alert);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return alert;
  }
  // A request on the alert as it stands.
  template <typename Request>
  Request On(const std::string& alert_id, const std::string& request_id) {
    Request request;
    request.set_request_id(request_id);
    request.set_alert_id(alert_id);
    request.set_etag(MustGet(alert_id).etag());
    request.set_note(kNote);
    return request;
  }
  grpc::Status Acknowledge(const v1::AcknowledgeAlertRequest& request,
                           v1::AlertReceipt* receipt = nullptr,
                           const std::string& token = kHandlerToken) {
    v1::AcknowledgeAlertResponse response;
    grpc::Status status = alerts_->AcknowledgeAlert(Context(token).get(), request, &response);
    if (receipt != nullptr) *receipt = response.receipt();
    return status;
  }
  grpc::Status Assign(const v1::AssignAlertRequest& request,
                      const std::string& token = kHandlerToken) {
    v1::AssignAlertResponse response;
    return alerts_->AssignAlert(Context(token).get(), request, &response);
  }
  std::vector<std::string> Listed(const v1::AlertFilter& filter) {
    v1::ListAlertsRequest request;
    *request.mutable_filter() = filter;
    v1::ListAlertsResponse response;
    const grpc::Status status =
        alerts_->ListAlerts(Context(kHandlerToken).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> ids;
    for (const v1::Alert& alert : response.alerts()) ids.push_back(alert.id());
    return ids;
  }

  TestServer server_;
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(server_.channel());
  std::unique_ptr<AlertStub> alerts_ = v1::AlertService::NewStub(server_.channel());
};

TEST_F(HandlingTest, EachStepReachesMonitorsInViewAsAVersionOfTheAlertAndNobodyElse) {
  Watcher all(server_.channel(), FromEarliest());
  Watcher other(server_.channel(), FromEarliest(), kPetitionHandlerToken);
  const std::string id = MustSubmit(ValidRequest(0)).alert_id();
  v1::AlertReceipt acknowledged;
  ASSERT_TRUE(Acknowledge(On<v1::AcknowledgeAlertRequest>(id, "s-1"), &acknowledged).ok());
  EXPECT_EQ(acknowledged.version(), 2u);
  EXPECT_EQ(acknowledged.state(), v1::ALERT_STATE_ACKNOWLEDGED);
  ASSERT_TRUE(Assign(On<v1::AssignAlertRequest>(id, "s-2")).ok());
  v1::UnacknowledgeAlertResponse unacknowledged;
  ASSERT_TRUE(alerts_
                  ->UnacknowledgeAlert(Context(kHandlerToken).get(),
                                       On<v1::UnacknowledgeAlertRequest>(id, "s-3"),
                                       &unacknowledged)
                  .ok());
  auto resolve = On<v1::ResolveAlertRequest>(id, "s-4");
  resolve.set_outcome(v1::ALERT_OUTCOME_TRANSFERRED);
  v1::ResolveAlertResponse resolved;
  ASSERT_TRUE(alerts_->ResolveAlert(Context(kHandlerToken).get(), resolve, &resolved).ok());
  v1::ReopenAlertResponse reopened;
  ASSERT_TRUE(alerts_
                  ->ReopenAlert(Context(kHandlerToken).get(), On<v1::ReopenAlertRequest>(id, "s-5"),
                                &reopened)
                  .ok());

  const std::vector<v1::AlertUpdate> updates = all.Next(6);
  ASSERT_THAT(updates, SizeIs(6));
  std::vector<v1::AlertKind> kinds;
  for (size_t i = 0; i < updates.size(); ++i) {
    EXPECT_EQ(updates[i].alert().id(), id) << "never a new alert";
    EXPECT_EQ(updates[i].alert().version(), i + 1);
    kinds.push_back(updates[i].alert().kind());
  }
  EXPECT_THAT(kinds, ElementsAre(v1::ALERT_KIND_CLUE_RECEIVED, v1::ALERT_KIND_ACKNOWLEDGED,
                                 v1::ALERT_KIND_ASSIGNED, v1::ALERT_KIND_UNACKNOWLEDGED,
                                 v1::ALERT_KIND_RESOLVED, v1::ALERT_KIND_REOPENED));
  const v1::Alert& second = updates[1].alert();
  EXPECT_EQ(second.state(), v1::ALERT_STATE_ACKNOWLEDGED);
  EXPECT_EQ(second.handling().changed_by(), "example-handler");
  EXPECT_EQ(second.handling().note(), kNote);
  EXPECT_EQ(second.etag(), acknowledged.etag());
  EXPECT_EQ(second.scenario(), updates[0].alert().scenario());
  EXPECT_EQ(second.clue_version(), 1u);
  EXPECT_EQ(updates[2].alert().handling().owner(), "example-handler") << "nobody named: the caller";
  EXPECT_EQ(updates[4].alert().handling().outcome(), v1::ALERT_OUTCOME_TRANSFERRED);
  EXPECT_FALSE(updates[0].alert().has_handling());

  // One marker that the other sees; had it been told of a step, that would have come first.
  v1::SubmitClueRequest marker = ValidRequest(1);
  marker.mutable_clue()->set_title("信访事项逾期");
  marker.mutable_clue()->set_content(
      "信访事项受理后超过六十日未办结，未出具信访答复意见书，信访人多次重复信访未化解。");
  const v1::ClueReceipt petition = MustSubmit(marker);
  const std::vector<v1::AlertUpdate> heard = other.Next(1);
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].alert().clue_id(), petition.clue_id());
}

TEST_F(HandlingTest, AMonitorThatFiltersByStateIsToldThatTheAlertLeftItsView) {
  v1::WatchAlertsRequest request = FromEarliest();
  request.mutable_filter()->add_states(v1::ALERT_STATE_OPEN);
  Watcher open(server_.channel(), request);
  const std::string id = MustSubmit(ValidRequest(0)).alert_id();
  ASSERT_THAT(open.Next(1), SizeIs(1));
  ASSERT_TRUE(Acknowledge(On<v1::AcknowledgeAlertRequest>(id, "s-1")).ok());
  const std::vector<v1::AlertUpdate> left = open.Next(1);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].left().alert_id(), id);
}

TEST_F(HandlingTest, OutsideTheScopeAnAlertLooksAsIfItDidNotExist) {
  const std::string id = MustSubmit(ValidRequest(0)).alert_id();
  const auto request = On<v1::AcknowledgeAlertRequest>(id, "s-1");
  const grpc::Status outside = Acknowledge(request, nullptr, kPetitionHandlerToken);
  v1::AcknowledgeAlertRequest nowhere = request;
  nowhere.mutable_alert_id()->back() = id.back() == '0' ? '1' : '0';
  const grpc::Status missing = Acknowledge(nowhere, nullptr, kPetitionHandlerToken);
  EXPECT_EQ(ReasonOf(outside), "ALERT_NOT_FOUND");
  EXPECT_EQ(outside.error_code(), missing.error_code());
  EXPECT_EQ(outside.error_message(), missing.error_message());
  EXPECT_EQ(outside.error_details(), missing.error_details());
  EXPECT_EQ(ReasonOf(Acknowledge(request, nullptr, kMonitorToken)), "PERMISSION_DENIED");
}

TEST_F(HandlingTest, ErrorsNameWhatIsWrong) {
  const std::string id = MustSubmit(ValidRequest(0)).alert_id();
  const auto request = On<v1::AcknowledgeAlertRequest>(id, "s-1");
  ASSERT_TRUE(Acknowledge(request).ok());
  v1::AlertReceipt again;
  ASSERT_TRUE(Acknowledge(request, &again).ok()) << "the same request gets the same answer";
  EXPECT_EQ(again.version(), 2u);
  v1::AcknowledgeAlertRequest stale = request;
  stale.set_request_id("s-2");
  EXPECT_EQ(ReasonOf(Acknowledge(stale)), "ETAG_MISMATCH");
  v1::ReopenAlertResponse reopened;
  const grpc::Status wrong = alerts_->ReopenAlert(Context(kHandlerToken).get(),
                                                  On<v1::ReopenAlertRequest>(id, "s-3"), &reopened);
  EXPECT_EQ(ReasonOf(wrong), "WRONG_ALERT_STATE");
  EXPECT_EQ(FactOf(wrong, "state"), "ACKNOWLEDGED");
  auto unfit = On<v1::AssignAlertRequest>(id, "s-4");
  for (const char* const owner :
       {"nobody-of-that-name", "example-monitor", "example-handler-petition"}) {
    unfit.set_owner(owner);
    EXPECT_EQ(ReasonOf(Assign(unfit)), "OWNER_UNFIT") << owner;
  }
  v1::AcknowledgeAlertRequest empty;
  empty.set_note(std::string(1600, 'x'));
  empty.mutable_duration()->set_seconds(59);
  EXPECT_THAT(
      ViolationsOf(Acknowledge(empty)),
      ::testing::UnorderedElementsAre("request_id", "alert_id", "etag", "note", "duration"));
  v1::ResolveAlertResponse resolved;
  EXPECT_THAT(ViolationsOf(alerts_->ResolveAlert(
                  Context(kHandlerToken).get(), On<v1::ResolveAlertRequest>(id, "s-5"), &resolved)),
              ElementsAre("outcome"));
}

TEST_F(HandlingTest, APartnerSeesTheStateAndNeverWhoNorTheNote) {
  const v1::ClueReceipt receipt = MustSubmit(ValidRequest(0));
  ASSERT_TRUE(Acknowledge(On<v1::AcknowledgeAlertRequest>(receipt.alert_id(), "s-1")).ok());
  ASSERT_TRUE(Assign(On<v1::AssignAlertRequest>(receipt.alert_id(), "s-2")).ok());
  v1::GetClueRequest request;
  request.set_clue_id(receipt.clue_id());
  v1::GetClueResponse seen;
  ASSERT_TRUE(clues_->GetClue(Context(kPartnerToken).get(), request, &seen).ok());
  EXPECT_EQ(seen.clue().alert_state(), v1::ALERT_STATE_ACKNOWLEDGED);
  EXPECT_FALSE(seen.clue().has_alert_handling());
  EXPECT_THAT(seen.SerializeAsString(), Not(HasSubstr(kNote)));
  EXPECT_THAT(seen.SerializeAsString(), Not(HasSubstr("example-handler")));
  EXPECT_EQ(seen.clue().etag(), receipt.etag()) << "its revisions are not disturbed";
  v1::ListCluesRequest list;
  v1::ListCluesResponse listed;
  for (const auto& [expression, count] :
       {std::pair("state = ACKNOWLEDGED", 1), {"owner = example-handler", 0}}) {
    list.set_expression(expression);
    listed.Clear();
    ASSERT_TRUE(clues_->ListClues(Context(kPartnerToken).get(), list, &listed).ok());
    EXPECT_EQ(listed.clues_size(), count) << expression;
  }
  ASSERT_TRUE(clues_->GetClue(Context(kMonitorToken).get(), request, &seen).ok());
  EXPECT_EQ(seen.clue().alert_handling().owner(), "example-handler");
  EXPECT_EQ(seen.clue().alert_handling().note(), kNote);
}

TEST_F(HandlingTest, ASecretCluesNoteIsWithheldWithItsText) {
  v1::SubmitClueRequest secret = ValidRequest(0);
  secret.mutable_clue()->set_confidentiality(v1::CONFIDENTIALITY_SECRET);
  const std::string id = MustSubmit(secret).alert_id();
  ASSERT_TRUE(Acknowledge(On<v1::AcknowledgeAlertRequest>(id, "s-1")).ok());
  const v1::Alert alert = MustGet(id);
  EXPECT_EQ(alert.state(), v1::ALERT_STATE_ACKNOWLEDGED);
  EXPECT_EQ(alert.handling().changed_by(), "example-handler");
  EXPECT_EQ(alert.handling().note(), "");
}

TEST_F(HandlingTest, ListsByStateAndOwnerAndTheChangesOfOneAlert) {
  const std::string first = MustSubmit(ValidRequest(0)).alert_id();
  const std::string second = MustSubmit(ValidRequest(1)).alert_id();
  ASSERT_TRUE(Acknowledge(On<v1::AcknowledgeAlertRequest>(first, "s-1")).ok());
  ASSERT_TRUE(Assign(On<v1::AssignAlertRequest>(first, "s-2")).ok());
  v1::AlertFilter filter;
  filter.add_states(v1::ALERT_STATE_OPEN);
  EXPECT_THAT(Listed(filter), ElementsAre(second));
  filter.set_states(0, v1::ALERT_STATE_ACKNOWLEDGED);
  EXPECT_THAT(Listed(filter), ElementsAre(first));
  filter.clear_states();
  filter.set_owner("example-handler");
  EXPECT_THAT(Listed(filter), ElementsAre(first));
  filter.clear_owner();
  filter.set_expression("NOT state = OPEN AND owner = example-handler");
  EXPECT_THAT(Listed(filter), ElementsAre(first));
  v1::GetAlertRequest request;
  request.set_alert_id(first);
  request.set_with_changes(true);
  v1::GetAlertResponse response;
  ASSERT_TRUE(alerts_->GetAlert(Context(kMonitorToken).get(), request, &response).ok());
  ASSERT_THAT(response.changes(), SizeIs(2));
  EXPECT_EQ(response.changes(0).kind(), v1::ALERT_KIND_ACKNOWLEDGED);
  EXPECT_EQ(response.changes(1).handling().owner(), "example-handler");
}

TEST_F(HandlingTest, HistoryIsStoredAndSortedAndNobodyHearsOfIt) {
  Watcher watcher(server_.channel(), FromEarliest());
  v1::SubmitClueRequest history = ValidRequest(0);
  history.set_backfill(true);
  const v1::ClueReceipt receipt = MustSubmit(history, kOtherPartnerToken);
  EXPECT_EQ(receipt.alert_id(), "");
  EXPECT_EQ(receipt.verdict().scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  v1::BatchSubmitCluesRequest batch;
  batch.set_backfill(true);
  batch.add_items()->set_request_id("b-1");
  *batch.mutable_items(0)->mutable_clue() = ValidClue(1);
  v1::BatchSubmitCluesResponse answers;
  ASSERT_TRUE(clues_->BatchSubmitClues(Context(kOtherPartnerToken).get(), batch, &answers).ok());
  EXPECT_EQ(answers.results(0).receipt().alert_id(), "");
  const auto context = Context(kOtherPartnerToken);
  const auto stream = clues_->StreamClues(context.get());
  v1::StreamCluesRequest item;
  item.set_request_id("i-1");
  item.set_backfill(true);
  *item.mutable_clue() = ValidClue(2);
  v1::StreamCluesResponse answer;
  ASSERT_TRUE(stream->Write(item) && stream->WritesDone() && stream->Read(&answer));
  EXPECT_EQ(answer.receipt().alert_id(), "");
  ASSERT_TRUE(stream->Finish().ok());

  const std::string live = MustSubmit(ValidRequest(3)).clue_id();
  const std::vector<v1::AlertUpdate> heard = watcher.Next(1);
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].alert().clue_id(), live) << "the first that was told is the live one";
  v1::ListCluesResponse listed;
  ASSERT_TRUE(clues_->ListClues(Context(kMonitorToken).get(), {}, &listed).ok());
  ASSERT_THAT(listed.clues(), SizeIs(4));
  EXPECT_FALSE(listed.clues(0).backfill());
  for (int i = 1; i < 4; ++i) EXPECT_TRUE(listed.clues(i).backfill()) << i;
}

TEST_F(HandlingTest, HistoryNeedsTheRightToIt) {
  v1::SubmitClueRequest history = ValidRequest(0);
  history.set_backfill(true);
  const grpc::Status refused = Submit(*clues_, history).status;
  EXPECT_EQ(ReasonOf(refused), "PERMISSION_DENIED");
  EXPECT_EQ(FactOf(refused, "right"), "backfill");
  v1::BatchSubmitCluesRequest batch;
  batch.set_backfill(true);
  batch.add_items()->set_request_id("b-1");
  *batch.mutable_items(0)->mutable_clue() = ValidClue(1);
  v1::BatchSubmitCluesResponse answers;
  EXPECT_EQ(ReasonOf(clues_->BatchSubmitClues(Context(kPartnerToken).get(), batch, &answers)),
            "PERMISSION_DENIED");
  v1::ListCluesResponse listed;
  ASSERT_TRUE(clues_->ListClues(Context(kMonitorToken).get(), {}, &listed).ok());
  EXPECT_THAT(listed.clues(), IsEmpty()) << "nothing was stored";
}

}  // namespace
}  // namespace supervision::testing
