// Silences on real services with a real Redis: what one hides is hidden by all replicas, live and
// in a replay, and says by which silence.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "tests/integration/rpc/calls.h"
#include "tests/support/redis_server.h"

namespace supervision::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class SilenceTest : public ::testing::Test {
 protected:
  v1::CreateSilenceRequest ForUnit(const std::string& unit) {
    v1::CreateSilenceRequest request;
    request.mutable_matcher()->set_unit(unit);
    request.set_reason("系统割接");
    request.mutable_duration()->set_seconds(3600);
    return request;
  }
  grpc::Status Create(const v1::CreateSilenceRequest& request, v1::Silence* silence,
                      const std::string& token = kMonitorToken) {
    v1::CreateSilenceResponse response;
    const grpc::Status status = silences_->CreateSilence(Context(token).get(), request, &response);
    *silence = response.silence();
    return status;
  }
  std::string SubmitTo(TestServer& server, int number, const std::string& unit) {
    auto stub = v1::ClueService::NewStub(server.channel());
    v1::SubmitClueRequest request = ValidRequest(number);
    request.mutable_clue()->mutable_reported_unit()->set_name(unit);
    // Nothing grave: nothing HIGH is hidden.
    request.mutable_clue()->set_title("检查时未出示执法证件");
    request.mutable_clue()->set_content("执法人员到店检查，没有出示执法证件，希望今后规范。" +
                                        std::to_string(number));
    const Submitted submitted = Submit(*stub, request);
    EXPECT_TRUE(submitted.status.ok()) << submitted.status.error_message();
    return submitted.receipt.alert_id();
  }
  std::vector<v1::Alert> List(TestServer& server, bool include_silenced,
                              const std::string& token = kMonitorToken) {
    v1::ListAlertsRequest request;
    v1::ListAlertsResponse response;
    request.set_include_silenced(include_silenced);
    EXPECT_TRUE(v1::AlertService::NewStub(server.channel())
                    ->ListAlerts(Context(token).get(), request, &response)
                    .ok());
    return {response.alerts().begin(), response.alerts().end()};
  }
  // Submits alerts of the unit to b until one is hidden: the silence has reached it. Its id. Asked
  // of the log, which keeps what was known when an alert came; GetAlert tells what is known now.
  std::string FirstHidden(TestServer& server, const std::string& unit) {
    v1::WatchAlertsRequest request = FromEarliest();
    request.set_include_silenced(true);
    Watcher log(server.channel(), request);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < end) {
      const std::string id = SubmitTo(server, next_++, unit);
      std::vector<v1::AlertUpdate> told;
      do {
        told = log.Next(1);
        if (told.empty()) return "";
      } while (told[0].alert().id() != id);
      if (told[0].alert().silenced_by_size() > 0) return id;
      told_before_.push_back(id);
    }
    return "";
  }
  v1::Alert Get(TestServer& server, const std::string& id) {
    v1::GetAlertRequest request;
    v1::GetAlertResponse response;
    request.set_alert_id(id);
    const grpc::Status status = v1::AlertService::NewStub(server.channel())
                                    ->GetAlert(Context(kMonitorToken).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.alert();
  }
  std::vector<std::string> Replay(TestServer& server, size_t count, bool include_silenced = false) {
    v1::WatchAlertsRequest request = FromEarliest();
    request.set_include_silenced(include_silenced);
    Watcher watcher(server.channel(), request);
    std::vector<std::string> ids;
    for (const v1::AlertUpdate& update : watcher.Next(count)) ids.push_back(update.alert().id());
    return ids;
  }

  RedisServer redis_;
  TestServer a_{{.redis = "unix:" + redis_.path()}};
  TestServer b_{{.redis = "unix:" + redis_.path()}};
  std::unique_ptr<v1::SilenceService::Stub> silences_ = v1::SilenceService::NewStub(a_.channel());
  std::vector<std::string> told_before_;
  int next_ = 1000;
};

TEST_F(SilenceTest, HidesOnEveryReplicaLiveAndInAReplay) {
  Watcher live_a(a_.channel(), FromEarliest());
  Watcher live_b(b_.channel(), FromEarliest());
  v1::Silence silence;
  ASSERT_TRUE(Create(ForUnit("某县公安局"), &silence).ok());
  EXPECT_EQ(silence.state(), v1::SILENCE_STATE_ACTIVE);
  const std::string hidden_a = SubmitTo(a_, 1, "某县公安局");  // it counts here at once
  const std::string hidden_b = FirstHidden(b_, "某县公安局");
  ASSERT_FALSE(hidden_b.empty());
  const std::string last = SubmitTo(b_, 2, "某市某局");

  std::vector<std::string> expected = told_before_;
  expected.push_back(last);
  for (Watcher* const watcher : {&live_a, &live_b}) {
    std::vector<std::string> ids;
    for (const auto& update : watcher->Next(expected.size())) ids.push_back(update.alert().id());
    EXPECT_EQ(ids, expected);
  }
  EXPECT_EQ(Replay(a_, expected.size()), expected);
  EXPECT_EQ(Replay(b_, expected.size()), expected);
  EXPECT_THAT(Replay(b_, expected.size() + 2, true), Contains(hidden_a));
  EXPECT_THAT(Get(b_, hidden_a).silenced_by(), ElementsAre(silence.id()));
}

TEST_F(SilenceTest, ListsLeaveOutWhatIsHiddenFromTheCallerUnlessAsked) {
  v1::Silence silence;
  const std::string id = SubmitTo(a_, 1, "某县公安局");
  ASSERT_THAT(List(a_, false), SizeIs(1));
  ASSERT_TRUE(Create(ForUnit("某县公安局"), &silence).ok());
  EXPECT_THAT(List(a_, false), IsEmpty());
  const std::vector<v1::Alert> all = List(a_, true);
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0].silenced_by(), ElementsAre(silence.id()));
  EXPECT_THAT(List(a_, false, kHandlerToken), SizeIs(1));  // hidden from its author only

  v1::ExpireSilenceRequest expire;
  v1::ExpireSilenceResponse ended;
  expire.set_silence_id(silence.id());
  ASSERT_TRUE(silences_->ExpireSilence(Context(kMonitorToken).get(), expire, &ended).ok());
  EXPECT_EQ(ended.silence().state(), v1::SILENCE_STATE_ENDED);
  EXPECT_THAT(List(a_, false), SizeIs(1));
}

TEST_F(SilenceTest, PreviewCountsWhatWouldBeHidden) {
  for (int i = 0; i < 3; ++i) SubmitTo(a_, i, "某县公安局");
  SubmitTo(a_, 7, "某市某局");
  v1::PreviewSilenceRequest request;
  v1::PreviewSilenceResponse preview;
  request.mutable_matcher()->set_unit("某县公安局");
  ASSERT_TRUE(silences_->PreviewSilence(Context(kMonitorToken).get(), request, &preview).ok());
  EXPECT_EQ(preview.now().alerts() + preview.now().too_grave(), 3);
  EXPECT_EQ(preview.last_week().alerts() + preview.last_week().too_grave(), 3);
  EXPECT_FALSE(preview.now().lower_bound());
}

TEST_F(SilenceTest, EachMistakeIsNamed) {
  v1::Silence silence;
  v1::CreateSilenceRequest request = ForUnit("某县公安局");
  request.clear_duration();
  EXPECT_THAT(ViolationsOf(Create(request, &silence)), ElementsAre("ends_at"));
  request.mutable_ends_at()->set_seconds(1);
  EXPECT_THAT(ViolationsOf(Create(request, &silence)), ElementsAre("ends_at"));
  request.mutable_duration()->set_seconds(int64_t{91} * 24 * 3600);
  EXPECT_THAT(ViolationsOf(Create(request, &silence)), ElementsAre("duration"));
  request = ForUnit("");
  EXPECT_THAT(ViolationsOf(Create(request, &silence)), ElementsAre("matcher"));
  request.mutable_matcher()->set_expression("risk >= LOW AND colour = RED");
  const grpc::Status unknown = Create(request, &silence);
  EXPECT_THAT(ViolationsOf(unknown), ElementsAre("matcher.expression"));
  request = ForUnit("某县公安局");
  request.clear_reason();
  EXPECT_THAT(ViolationsOf(Create(request, &silence)), ElementsAre("reason"));
  request = ForUnit("某县公安局");
  request.add_receivers("somebody");
  EXPECT_EQ(ReasonOf(Create(request, &silence)), "PERMISSION_DENIED");
  request = ForUnit("");
  request.set_alert_id("a00ffffffffffffffffffffffffffffffff");
  EXPECT_EQ(ReasonOf(Create(request, &silence)), "ALERT_NOT_FOUND");
}

TEST_F(SilenceTest, OthersSilencesAreNotThere) {
  v1::Silence silence;
  ASSERT_TRUE(Create(ForUnit("某县公安局"), &silence).ok());
  v1::GetSilenceRequest get;
  v1::GetSilenceResponse found;
  get.set_silence_id(silence.id());
  EXPECT_TRUE(silences_->GetSilence(Context(kMonitorToken).get(), get, &found).ok());
  EXPECT_EQ(found.silence().reason(), "系统割接");
  EXPECT_EQ(ReasonOf(silences_->GetSilence(Context(kHandlerToken).get(), get, &found)),
            "SILENCE_NOT_FOUND");
  v1::ExpireSilenceRequest expire;
  v1::ExpireSilenceResponse ended;
  expire.set_silence_id(silence.id());
  EXPECT_EQ(ReasonOf(silences_->ExpireSilence(Context(kHandlerToken).get(), expire, &ended)),
            "SILENCE_NOT_FOUND");
  v1::ListSilencesResponse page;
  ASSERT_TRUE(silences_->ListSilences(Context(kHandlerToken).get(), {}, &page).ok());
  EXPECT_THAT(page.silences(), IsEmpty());
  ASSERT_TRUE(silences_->ListSilences(Context(kMonitorToken).get(), {}, &page).ok());
  EXPECT_THAT(page.silences(), SizeIs(1));
}

TEST_F(SilenceTest, ARepeatIsTheSameSilence) {
  v1::Silence first;
  v1::Silence second;
  v1::CreateSilenceRequest request = ForUnit("某县公安局");
  request.set_request_id("silence-1");
  ASSERT_TRUE(Create(request, &first).ok());
  ASSERT_TRUE(Create(request, &second).ok());
  EXPECT_EQ(first.id(), second.id());
  request.set_reason("别的原因");
  EXPECT_EQ(ReasonOf(Create(request, &second)), "IDEMPOTENCY_KEY_REUSED");
}

// Whoever lost the first answer is not told that none was made. What the end is does not make a
// repeat another request, so that one of long ago stands for the wait.
TEST_F(SilenceTest, ARepeatBehindItsEndIsTheSilenceThatItMade) {
  v1::CreateSilenceRequest request = ForUnit("某县公安局");
  request.set_request_id("silence-1");
  v1::Silence first;
  ASSERT_TRUE(Create(request, &first).ok());
  request.mutable_ends_at()->set_seconds(1);
  v1::Silence again;
  const grpc::Status status = Create(request, &again);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(again.id(), first.id());

  request.set_request_id("silence-2");
  EXPECT_THAT(ViolationsOf(Create(request, &again)), ElementsAre("ends_at")) << "it made none";
  request.set_request_id("silence-1");
  request.clear_reason();
  EXPECT_THAT(ViolationsOf(Create(request, &again)), UnorderedElementsAre("ends_at", "reason"));
}

TEST_F(SilenceTest, IsExtendedUntilItHasEnded) {
  v1::Silence silence;
  ASSERT_TRUE(Create(ForUnit("某县公安局"), &silence).ok());
  v1::ExtendSilenceRequest extend;
  v1::ExtendSilenceResponse extended;
  extend.set_silence_id(silence.id());
  extend.mutable_duration()->set_seconds(7200);
  ASSERT_TRUE(silences_->ExtendSilence(Context(kMonitorToken).get(), extend, &extended).ok());
  EXPECT_GT(extended.silence().ends_at().seconds(), silence.ends_at().seconds());
  v1::ExpireSilenceRequest expire;
  v1::ExpireSilenceResponse ended;
  expire.set_silence_id(silence.id());
  ASSERT_TRUE(silences_->ExpireSilence(Context(kMonitorToken).get(), expire, &ended).ok());
  EXPECT_EQ(ended.silence().ended_by(), ended.silence().author());
  EXPECT_EQ(ReasonOf(silences_->ExtendSilence(Context(kMonitorToken).get(), extend, &extended)),
            "SILENCE_ENDED");
}

}  // namespace
}  // namespace supervision::testing
