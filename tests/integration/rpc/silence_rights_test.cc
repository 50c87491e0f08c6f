// Whose alerts a supervisor may silence, and how many silences one may have.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "tests/integration/rpc/calls.h"
#include "tests/integration/rpc/supervisor.h"
#include "tests/support/eventually.h"

namespace supervision::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SilenceRightsTest : public ::testing::Test, protected WithSupervisor {
 protected:
  static v1::CreateSilenceRequest ForUnit(const std::string& unit) {
    v1::CreateSilenceRequest request;
    request.mutable_matcher()->set_unit(unit);
    request.set_reason("系统割接");
    request.mutable_duration()->set_seconds(3600);
    return request;
  }
  grpc::Status Create(const v1::CreateSilenceRequest& request, const std::string& token) {
    v1::CreateSilenceResponse response;
    const grpc::Status status = silences_->CreateSilence(Context(token).get(), request, &response);
    made_ = response.silence();
    return status;
  }
  // Whether the alert stands in the list of who has the token.
  bool Lists(const std::string& token, const std::string& alert_id) {
    v1::ListAlertsRequest request;
    v1::ListAlertsResponse page;
    const grpc::Status status = v1::AlertService::NewStub(server_.channel())
                                    ->ListAlerts(Context(token).get(), request, &page);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const v1::Alert& alert : page.alerts()) {
      if (alert.id() == alert_id) return true;
    }
    return false;
  }

  TestServer server_{{.flags = {flag()}}};
  std::unique_ptr<v1::SilenceService::Stub> silences_ =
      v1::SilenceService::NewStub(server_.channel());
  v1::Silence made_;
};

TEST_F(SilenceRightsTest, ASupervisorsSilenceHidesFromTheReceiversItNamesAndFromNobodyElse) {
  const auto clues = v1::ClueService::NewStub(server_.channel());
  const std::string id = Submit(*clues, ValidRequest(1)).receipt.alert_id();
  v1::CreateSilenceRequest request = ForUnit("");
  request.clear_matcher();
  request.set_alert_id(id);
  request.add_receivers("example-monitor");
  request.add_receivers("example-handler");
  ASSERT_TRUE(Create(request, kSupervisorToken).ok());
  EXPECT_EQ(made_.author(), "a-supervisor");
  EXPECT_THAT(made_.receivers(), UnorderedElementsAre("example-monitor", "example-handler"));
  EXPECT_FALSE(Lists(kMonitorToken, id));
  EXPECT_FALSE(Lists(kHandlerToken, id));
  EXPECT_TRUE(Lists(kScopedMonitorToken, id));
  EXPECT_TRUE(Lists(kSupervisorToken, id));
}

TEST_F(SilenceRightsTest, AReceiverWhoWatchesNoAlertsIsUnfitAndNothingIsMade) {
  for (const char* const receiver : {"example-partner", "example-operator", "nobody-at-all"}) {
    v1::CreateSilenceRequest request = ForUnit("某县公安局");
    request.add_receivers("example-monitor");
    request.add_receivers(receiver);
    const grpc::Status status = Create(request, kSupervisorToken);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << receiver;
    EXPECT_EQ(ReasonOf(status), "RECEIVER_UNFIT") << receiver;
  }
  v1::ListSilencesResponse page;
  ASSERT_TRUE(silences_->ListSilences(Context(kSupervisorToken).get(), {}, &page).ok());
  EXPECT_THAT(page.silences(), IsEmpty());
}

TEST_F(SilenceRightsTest, ARepeatIsTheSameSilenceThoughAReceiverHasLeft) {
  v1::CreateSilenceRequest request = ForUnit("某县公安局");
  request.add_receivers("example-handler");
  request.set_request_id("silence-1");
  ASSERT_TRUE(Create(request, kSupervisorToken).ok());
  const std::string first = made_.id();
  Rename("example-handler", "example-successor");
  v1::CreateSilenceRequest another = request;
  another.clear_request_id();
  ASSERT_TRUE(
      Eventually([&] { return ReasonOf(Create(another, kSupervisorToken)) == "RECEIVER_UNFIT"; }));
  const grpc::Status status = Create(request, kSupervisorToken);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(made_.id(), first);
  another.set_request_id("silence-2");
  EXPECT_EQ(ReasonOf(Create(another, kSupervisorToken)), "RECEIVER_UNFIT") << "it made none";
}

TEST_F(SilenceRightsTest, OneSilenceTooManyIsToldSoUntilOneIsExpired) {
  constexpr int kMost = 1000;
  v1::CreateSilenceRequest request = ForUnit("某县公安局");
  for (int made = 0; made < kMost; ++made) ASSERT_TRUE(Create(request, kMonitorToken).ok());
  const std::string last = made_.id();
  const grpc::Status status = Create(request, kMonitorToken);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_SILENCES");
  EXPECT_TRUE(Create(request, kHandlerToken).ok()) << "the bound is each author's own";
  v1::ExpireSilenceRequest expire;
  v1::ExpireSilenceResponse ended;
  expire.set_silence_id(last);
  ASSERT_TRUE(silences_->ExpireSilence(Context(kMonitorToken).get(), expire, &ended).ok());
  EXPECT_TRUE(Create(request, kMonitorToken).ok());
}

}  // namespace
}  // namespace supervision::testing
