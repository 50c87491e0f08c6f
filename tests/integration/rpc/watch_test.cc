// AlertService on a real server with a real Redis.
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string> ClueIds(const std::vector<v1::AlertUpdate>& updates) {
  std::vector<std::string> ids;
  for (const v1::AlertUpdate& update : updates) ids.push_back(update.alert().clue_id());
  return ids;
}

class WatchTest : public ::testing::Test {
 protected:
  std::string MustSubmit(int number) {
    const Submitted submitted = Submit(*clues_, ValidRequest(number));
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt.clue_id();
  }

  TestServer server_;
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(server_.channel());
  std::unique_ptr<AlertStub> alerts_ = v1::AlertService::NewStub(server_.channel());
};

TEST_F(WatchTest, LatestTellsWhatComesAndNothingBefore) {
  MustSubmit(0);
  Watcher watcher(server_.channel(), FromLatest());
  ASSERT_TRUE(watcher.NextMessage().has_value());  // the cursor of the start
  EXPECT_THAT(watcher.cursor(), Not(IsEmpty()));
  const std::string second = MustSubmit(1);
  EXPECT_THAT(ClueIds(watcher.Next(1)), ElementsAre(second));
}

TEST_F(WatchTest, AnAlertCarriesWhatAMonitorNeeds) {
  Watcher watcher(server_.channel(), FromEarliest());
  const std::string clue = MustSubmit(0);
  const std::vector<v1::AlertUpdate> updates = watcher.Next(1);
  ASSERT_THAT(updates, SizeIs(1));
  const v1::Alert& alert = updates[0].alert();
  EXPECT_EQ(alert.clue_id(), clue);
  EXPECT_EQ(alert.version(), 1u);
  EXPECT_EQ(alert.kind(), v1::ALERT_KIND_CLUE_RECEIVED);
  EXPECT_EQ(alert.scenario(), v1::SCENARIO_ADMIN_ENFORCEMENT);
  EXPECT_NE(alert.risk(), v1::RISK_UNSPECIFIED);
  EXPECT_EQ(alert.region_code(), "330402");
  EXPECT_EQ(alert.partner(), "hotline-12345");
  EXPECT_EQ(alert.title(), ValidClue(0).title());
  EXPECT_EQ(alert.projection(), v1::PROJECTION_FULL);
  v1::GetAlertRequest request;
  request.set_alert_id(alert.id());
  v1::GetAlertResponse response;
  ASSERT_TRUE(alerts_->GetAlert(Context(kMonitorToken).get(), request, &response).ok());
  EXPECT_EQ(response.alert().SerializeAsString(), alert.SerializeAsString());
}

TEST_F(WatchTest, AnAlertCarriesTheTraceOfTheCallThatMadeItsVersion) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string other = "00-11111111111111111111111111111111-2222222222222222-00";
  Watcher watcher(server_.channel(), FromEarliest());
  const auto context = Context(kPartnerToken);
  context->AddMetadata("traceparent", trace);
  v1::SubmitClueResponse submitted;
  ASSERT_TRUE(clues_->SubmitClue(context.get(), ValidRequest(0), &submitted).ok());

  v1::AcknowledgeAlertRequest acknowledge;
  acknowledge.set_alert_id(submitted.receipt().alert_id());
  acknowledge.set_request_id("ack-1");
  const std::vector<v1::AlertUpdate> first = watcher.Next(1);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].alert().trace_parent(), trace);
  acknowledge.set_etag(first[0].alert().etag());
  const auto handler = Context(kHandlerToken);
  handler->AddMetadata("traceparent", other);
  v1::AcknowledgeAlertResponse acknowledged;
  ASSERT_TRUE(alerts_->AcknowledgeAlert(handler.get(), acknowledge, &acknowledged).ok());
  const std::vector<v1::AlertUpdate> second = watcher.Next(1);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].alert().trace_parent(), other);

  const auto careless = Context(kPartnerToken);
  careless->AddMetadata("traceparent", "not a trace");
  ASSERT_TRUE(clues_->SubmitClue(careless.get(), ValidRequest(1), &submitted).ok());
  const std::vector<v1::AlertUpdate> third = watcher.Next(1);
  ASSERT_THAT(third, SizeIs(1));
  EXPECT_EQ(third[0].alert().trace_parent(), "");
}

TEST_F(WatchTest, ResumesAfterReconnectWithoutGapOrDuplicate) {
  std::vector<std::string> submitted;
  for (int i = 0; i < 4; ++i) submitted.push_back(MustSubmit(i));
  std::string cursor;
  {
    Watcher first(server_.channel(), FromEarliest());
    EXPECT_THAT(ClueIds(first.Next(4)), ::testing::ElementsAreArray(submitted));
    cursor = first.cursor();
  }
  submitted = {MustSubmit(4), MustSubmit(5)};
  Watcher second(server_.channel(), FromCursor(cursor));
  EXPECT_THAT(ClueIds(second.Next(2)), ::testing::ElementsAreArray(submitted));
}

TEST_F(WatchTest, EveryCursorOfAStreamResumesBehindIt) {
  ASSERT_TRUE(SubmitMany(*clues_, 0, 300));
  v1::WatchAlertsRequest request = FromEarliest();
  std::vector<std::pair<size_t, std::string>> cursors;  // told before it, the cursor
  Watcher watcher(server_.channel(), request);
  for (size_t told = 0; told < 300;) {
    const auto message = watcher.NextMessage();
    ASSERT_TRUE(message.has_value());
    told += static_cast<size_t>(message->updates_size());
    cursors.emplace_back(told, message->cursor());
  }
  const std::string last = MustSubmit(300);
  for (const auto& [told, cursor] : cursors) {
    Watcher again(server_.channel(), FromCursor(cursor));
    const std::vector<v1::AlertUpdate> rest = again.Next(301 - told);
    ASSERT_THAT(rest, SizeIs(301 - told));
    EXPECT_EQ(rest.back().alert().clue_id(), last);
  }
}

TEST_F(WatchTest, AScopeIsAppliedBeforeAnyFilter) {
  v1::SubmitClueRequest elsewhere = ValidRequest(0);
  elsewhere.mutable_clue()->set_region_code("330102");
  ASSERT_TRUE(Submit(*clues_, elsewhere).status.ok());
  const std::string inside = MustSubmit(1);
  v1::WatchAlertsRequest request = FromEarliest();
  request.mutable_filter()->set_region_prefix("33");
  Watcher watcher(server_.channel(), request, kScopedMonitorToken);
  EXPECT_THAT(ClueIds(watcher.Next(1)), ElementsAre(inside));
}

TEST_F(WatchTest, AnAlertThatARevisionTakesOutOfTheViewIsToldAsLeft) {
  const Submitted first = Submit(*clues_, ValidRequest(0));
  v1::WatchAlertsRequest request = FromEarliest();
  request.mutable_filter()->set_expression("region : 3304 AND NOT partner = nobody");
  Watcher watcher(server_.channel(), request);
  const std::vector<v1::AlertUpdate> seen = watcher.Next(1);
  ASSERT_THAT(seen, SizeIs(1));

  v1::ReviseClueRequest revise;
  revise.set_request_id("revise-0");
  revise.set_clue_id(first.receipt.clue_id());
  revise.set_etag(first.receipt.etag());
  *revise.mutable_clue() = ValidClue(0);
  revise.mutable_clue()->set_region_code("330102");
  v1::ReviseClueResponse response;
  ASSERT_TRUE(clues_->ReviseClue(Context(kPartnerToken).get(), revise, &response).ok());

  const std::vector<v1::AlertUpdate> left = watcher.Next(1);
  ASSERT_THAT(left, SizeIs(1));
  ASSERT_TRUE(left[0].has_left());
  EXPECT_EQ(left[0].left().alert_id(), seen[0].alert().id());
  EXPECT_EQ(left[0].left().version(), 2u);
}

TEST_F(WatchTest, ASecretCluesTextIsWithheld) {
  v1::SubmitClueRequest request = ValidRequest(0);
  request.mutable_clue()->set_confidentiality(v1::CONFIDENTIALITY_SECRET);
  ASSERT_TRUE(Submit(*clues_, request).status.ok());
  Watcher watcher(server_.channel(), FromEarliest());
  const std::vector<v1::AlertUpdate> updates = watcher.Next(1);
  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].alert().projection(), v1::PROJECTION_WITHHELD);
  EXPECT_EQ(updates[0].alert().title(), "");
  EXPECT_THAT(updates[0].alert().why(), IsEmpty());
}

TEST_F(WatchTest, AFilterThatMatchesNothingStillMovesTheCursor) {
  v1::WatchAlertsRequest request = FromEarliest();
  request.mutable_filter()->set_region_prefix("11");
  request.mutable_bookmark_interval()->set_nanos(100'000'000);
  Watcher watcher(server_.channel(), request);
  ASSERT_TRUE(watcher.NextMessage().has_value());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 50));
  // Sooner or later a cursor lies behind all fifty: an unfiltered stream from there tells only what
  // comes after.
  int number = 50;
  std::set<std::string> later;
  EXPECT_TRUE(Eventually([&] {
    const auto bookmark = watcher.NextMessage();
    if (!bookmark.has_value() || bookmark->updates_size() > 0) return false;
    later.insert(MustSubmit(number++));
    Watcher behind(server_.channel(), FromCursor(bookmark->cursor()));
    const std::vector<std::string> first = ClueIds(behind.Next(1));
    return first.size() == 1 && later.contains(first[0]);
  }));
}

TEST_F(WatchTest, AQuietStreamGetsBookmarks) {
  v1::WatchAlertsRequest request = FromLatest();
  request.mutable_bookmark_interval()->set_nanos(100'000'000);
  Watcher watcher(server_.channel(), request);
  for (int i = 0; i < 4; ++i) {
    const auto message = watcher.NextMessage();
    ASSERT_TRUE(message.has_value());
    EXPECT_THAT(message->cursor(), Not(IsEmpty()));
  }
}

TEST_F(WatchTest, WrongCursorsGiveDistinctErrors) {
  Watcher malformed(server_.channel(), FromCursor("not a cursor"));
  const grpc::Status damaged = malformed.Finish();
  EXPECT_EQ(damaged.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(damaged), "CURSOR_MALFORMED");

  TestServer other;
  std::string foreign;
  {
    Watcher watcher(other.channel(), FromLatest());
    ASSERT_TRUE(watcher.NextMessage().has_value());
    foreign = watcher.cursor();
  }
  const grpc::Status elsewhere = Watcher(server_.channel(), FromCursor(foreign)).Finish();
  EXPECT_EQ(elsewhere.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(ReasonOf(elsewhere), "CURSOR_FOREIGN");
}

TEST_F(WatchTest, RequestsWithMistakesAreRefusedWithAllOfThem) {
  v1::WatchAlertsRequest request;
  request.set_start_from(static_cast<v1::StartFrom>(9));
  request.mutable_filter()->set_region_prefix("x");
  request.mutable_filter()->add_scenarios(static_cast<v1::Scenario>(99));
  request.mutable_filter()->set_expression("risk = TERRIBLE");
  request.mutable_bookmark_interval()->set_seconds(61);
  EXPECT_THAT(
      ViolationsOf(Watcher(server_.channel(), request).Finish()),
      ::testing::UnorderedElementsAre("start_from", "filter.region_prefix", "filter.scenarios[0]",
                                      "filter.expression", "bookmark_interval"));
}

TEST_F(WatchTest, ListAlertsShowsThemNewestFirst) {
  std::vector<std::string> submitted = {MustSubmit(0), MustSubmit(1), MustSubmit(2)};
  std::reverse(submitted.begin(), submitted.end());
  v1::ListAlertsRequest request;
  v1::ListAlertsResponse page;
  ASSERT_TRUE(alerts_->ListAlerts(Context(kMonitorToken).get(), request, &page).ok());
  std::vector<std::string> listed;
  for (const v1::Alert& alert : page.alerts()) listed.push_back(alert.clue_id());
  EXPECT_EQ(listed, submitted);
}

TEST_F(WatchTest, GetAlertKnowsOnlyTheCallersView) {
  v1::SubmitClueRequest request = ValidRequest(0);
  request.mutable_clue()->set_region_code("330102");
  v1::GetAlertRequest get;
  get.set_alert_id(Submit(*clues_, request).receipt.alert_id());
  v1::GetAlertResponse response;
  EXPECT_TRUE(alerts_->GetAlert(Context(kMonitorToken).get(), get, &response).ok());
  const grpc::Status out_of_scope =
      alerts_->GetAlert(Context(kScopedMonitorToken).get(), get, &response);
  EXPECT_EQ(ReasonOf(out_of_scope), "ALERT_NOT_FOUND");
  get.set_alert_id("nonsense");
  EXPECT_EQ(ReasonOf(alerts_->GetAlert(Context(kMonitorToken).get(), get, &response)),
            "ALERT_NOT_FOUND");
}

TEST_F(WatchTest, ADrainEndsStreamsOkWithACursorFromWhichNothingIsMissing) {
  ASSERT_TRUE(SubmitMany(*clues_, 0, 5));
  Watcher watcher(server_.channel(), FromEarliest());
  ASSERT_THAT(watcher.Next(5), SizeIs(5));
  std::thread stopper([&] { server_.Stop(); });
  v1::WatchAlertsResponse last;
  while (auto message = watcher.NextMessage()) last = *message;
  stopper.join();
  EXPECT_TRUE(watcher.Finish().ok());
  EXPECT_EQ(last.ending().reason(), v1::STREAM_ENDING_REASON_DRAINING);
  EXPECT_GT(last.ending().retry_after().seconds() + last.ending().retry_after().nanos(), 0);

  server_.Start();
  clues_ = v1::ClueService::NewStub(server_.channel());
  const std::string next = MustSubmit(5);
  Watcher resumed(server_.channel(), FromCursor(last.cursor()));
  EXPECT_THAT(ClueIds(resumed.Next(1)), ElementsAre(next));
}

TEST(WatchLimitsTest, OneStreamTooManyIsToldSo) {
  TestServer server({.flags = {"--alerting.max_streams=2"}});
  Watcher first(server.channel(), FromLatest());
  Watcher second(server.channel(), FromLatest());
  ASSERT_TRUE(first.NextMessage().has_value() && second.NextMessage().has_value());
  const grpc::Status status = Watcher(server.channel(), FromLatest()).Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_STREAMS");
  EXPECT_TRUE(HasRetryInfo(status));
}

TEST(WatchRedisTest, AStreamOutlivesARedisThatIsKilledAndComesBack) {
  RedisServer redis;
  TestServer server({.redis = "unix:" + redis.path()});
  const auto clues = v1::ClueService::NewStub(server.channel());
  Watcher watcher(server.channel(), FromEarliest());
  ASSERT_TRUE(Submit(*clues, ValidRequest(0)).status.ok());
  ASSERT_THAT(watcher.Next(1), SizeIs(1));
  redis.Restart();
  server.WaitUntilReady();
  ASSERT_TRUE(Eventually([&] { return Submit(*clues, ValidRequest(1)).status.ok(); }));
  const std::vector<v1::AlertUpdate> after = watcher.Next(1);
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after[0].alert().title(), ValidClue(1).title());
}

}  // namespace
}  // namespace supervision::testing
