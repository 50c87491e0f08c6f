// A token that is revoked while two replicas read the same file of tokens.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "gtest/gtest.h"
#include "services/config/tokens_file.h"
#include "supervision/v1/silence_service.grpc.pb.h"
#include "tests/integration/rpc/calls.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

// What is promised; a machine that is busy with other tests is given several times as long.
constexpr std::chrono::seconds kPromised{5};
constexpr std::chrono::seconds kGiven = 10 * kPromised;

// Principals and tokens in a place that replicas share.
class RevocationTest : public ::testing::Test {
 protected:
  RevocationTest() {
    Replace(principals_, TextOf(SUPERVISION_SOURCE_DIR "/deploy/config/principals.yaml"));
  }

  std::string Issue(const std::string& principal, domain::ScenarioSet scenarios = {}) {
    config::TokenRecord draft;
    draft.principal = principal;
    draft.scenarios = scenarios;
    draft.created_at = absl::Now();
    config::NewToken made = config::MakeToken(std::move(draft));
    Change([&](std::vector<config::TokenRecord>& tokens) { tokens.push_back(made.record); });
    return made.text;
  }
  // All of a principal's tokens.
  void Revoke(const std::string& principal) {
    Change([&](std::vector<config::TokenRecord>& tokens) {
      std::erase_if(tokens, [&](const auto& one) { return one.principal == principal; });
    });
  }

  TestServer::Options Options() const {
    return {.redis = "unix:" + redis_.path(),
            .flags = {"--files.principals=" + principals_, "--files.tokens=" + tokens_}};
  }

 private:
  template <typename How>
  void Change(const How& how) {
    const auto file = config::TokensFile::Open(tokens_, principals_);
    ASSERT_TRUE(file.ok()) << file.status();
    how((*file)->tokens());
    ASSERT_TRUE((*file)->Save().ok());
  }

  const TempDir place_;
  const std::string principals_ = place_.path() + "/principals.yaml";
  const std::string tokens_ = place_.path() + "/tokens.yaml";

 protected:
  RedisServer redis_;
};

grpc::Status Read(const std::shared_ptr<grpc::Channel>& channel, const std::string& token) {
  return CallRaw(channel, "/supervision.v1.ClassificationService/ListScenarios", "", token).status;
}
grpc::Status Read(const TestServer& server, const std::string& token) {
  return Read(server.channel(), token);
}

TEST_F(RevocationTest, ARevokedTokenEndsAtEveryReplicaWithItsStreams) {
  const std::string revoked = Issue("example-monitor");
  const std::string kept = Issue("example-monitor-enforcement");
  TestServer a(Options());
  TestServer b(Options());
  Watcher ending_a(a.channel(), FromLatest(), revoked);
  Watcher ending_b(b.channel(), FromLatest(), revoked);
  Watcher staying_a(a.channel(), FromLatest(), kept);
  Watcher staying_b(b.channel(), FromLatest(), kept);
  for (Watcher* const watcher : {&ending_a, &ending_b, &staying_a, &staying_b}) {
    ASSERT_TRUE(watcher->NextMessage().has_value());
  }
  for (const TestServer* const server : {&a, &b}) ASSERT_TRUE(Read(*server, revoked).ok());

  Revoke("example-monitor");
  const Clock::time_point begin = Clock::now();
  const auto passed = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
  };
  for (const TestServer* const server : {&a, &b}) {
    grpc::Status status;
    EXPECT_TRUE(Eventually(
        [&] {
          status = Read(*server, revoked);
          return !status.ok();
        },
        kGiven));
    EXPECT_EQ(ReasonOf(status), "UNAUTHENTICATED");
    std::printf("calls refused after %lld ms\n", static_cast<long long>(passed().count()));
  }
  for (Watcher* const watcher : {&ending_a, &ending_b}) {
    EXPECT_EQ(ReasonOf(watcher->Finish()), "UNAUTHENTICATED");
    std::printf("stream ended after %lld ms\n", static_cast<long long>(passed().count()));
  }
  EXPECT_LE(passed(), kGiven);

  // Who holds another token notices nothing.
  ASSERT_TRUE(Submit(*v1::ClueService::NewStub(a.channel()), ValidRequest(1)).status.ok());
  EXPECT_THAT(staying_a.Next(1), SizeIs(1));
  EXPECT_THAT(staying_b.Next(1), SizeIs(1));
}

// Its place is the principal's: what the token hides would be passed by, and nobody told.
TEST_F(RevocationTest, ANarrowedTokenConsumesNoSubscriptionOfItsPrincipal) {
  const std::string narrow = Issue("example-monitor", domain::ScenarioSet().set(4));
  const std::string full = Issue("example-monitor");
  TestServer server(Options());
  const auto stub = v1::SubscriptionService::NewStub(server.channel());
  ASSERT_TRUE(CreateSubscription(*stub, "night", v1::START_FROM_EARLIEST, full).ok());
  EXPECT_EQ(ReasonOf(Consumption(server.channel(), "night", 0, narrow).Finish()), "NARROWED_TOKEN");
  EXPECT_TRUE(Consumption(server.channel(), "night", 0, full).NextMessage().has_value());
}

TEST_F(RevocationTest, ANarrowedTokenTakesNothingFromItsPrincipalThatItDoesNotSee) {
  const std::string narrow = Issue("example-monitor", domain::ScenarioSet().set(4));
  const std::string full = Issue("example-monitor");
  TestServer server(Options());
  const auto stub = v1::SubscriptionService::NewStub(server.channel());
  ASSERT_TRUE(CreateSubscription(*stub, "night", v1::START_FROM_EARLIEST, full).ok());
  const auto reason = [&](auto method, auto request, auto response) {
    return ReasonOf((stub.get()->*method)(Context(narrow).get(), request, &response));
  };
  using Stub = v1::SubscriptionService::Stub;
  v1::DeleteSubscriptionRequest by_name;
  by_name.set_name("night");
  by_name.set_force(true);
  EXPECT_EQ(reason(&Stub::DeleteSubscription, by_name, v1::DeleteSubscriptionResponse()),
            "NARROWED_TOKEN");
  v1::UpdateSubscriptionRequest update;
  update.set_name("night");
  update.set_etag("any");
  EXPECT_EQ(reason(&Stub::UpdateSubscription, update, v1::UpdateSubscriptionResponse()),
            "NARROWED_TOKEN");
  v1::DropDeadLettersRequest drop;
  drop.set_subscription("night");
  drop.mutable_selection();
  EXPECT_EQ(reason(&Stub::DropDeadLetters, drop, v1::DropDeadLettersResponse()), "NARROWED_TOKEN");
  v1::ReplayDeadLettersRequest replay;
  replay.set_subscription("night");
  replay.mutable_selection();
  EXPECT_EQ(reason(&Stub::ReplayDeadLetters, replay, v1::ReplayDeadLettersResponse()),
            "NARROWED_TOKEN");
  v1::DeleteSubscriptionResponse deleted;
  EXPECT_TRUE(stub->DeleteSubscription(Context(full).get(), by_name, &deleted).ok());
}

// Those of its own it answers for as a supervisor for those of others.
TEST_F(RevocationTest, ANarrowedTokenEndsTheSilencesOfItsPrincipalOnlyWhereItSeesAllOfThem) {
  const std::string narrow = Issue("example-monitor", domain::ScenarioSet().set(4));
  const std::string full = Issue("example-monitor");
  TestServer server(Options());
  const auto stub = v1::SilenceService::NewStub(server.channel());
  const auto create = [&](const std::string& token) {
    v1::CreateSilenceRequest request;
    request.mutable_matcher()->set_unit("某县公安局");
    request.set_reason("系统割接");
    request.mutable_duration()->set_seconds(3600);
    v1::CreateSilenceResponse response;
    EXPECT_TRUE(stub->CreateSilence(Context(token).get(), request, &response).ok());
    return response.silence().id();
  };
  const std::string wide = create(full);
  const std::string own = create(narrow);
  const auto expire = [&](const std::string& id, const std::string& token) {
    v1::ExpireSilenceRequest request;
    request.set_silence_id(id);
    v1::ExpireSilenceResponse response;
    return ReasonOf(stub->ExpireSilence(Context(token).get(), request, &response));
  };
  EXPECT_EQ(expire(wide, narrow), "SILENCE_NOT_FOUND");
  EXPECT_EQ(expire(own, narrow), "");
  EXPECT_EQ(expire(wide, full), "");
}

// An answer that is still open keeps the stream from ending.
TEST_F(RevocationTest, AStreamTakesNothingMoreWhileItsLastAnswersAreAwaited) {
  const std::string revoked = Issue("example-partner");
  TestServer server(Options());
  const auto stub = v1::ClueService::NewStub(server.channel());
  const auto context = Context(revoked, std::chrono::seconds(180));
  const auto stream = stub->StreamClues(context.get());
  const auto write = [&](int number) {
    v1::StreamCluesRequest message;
    message.set_request_id("r-" + std::to_string(number));
    *message.mutable_clue() = ValidClue(number);
    return stream->Write(message);
  };
  v1::StreamCluesResponse answer;
  ASSERT_TRUE(write(0) && stream->Read(&answer));
  ASSERT_TRUE(answer.has_receipt()) << answer.ShortDebugString();
  redis_.Freeze();
  ASSERT_TRUE(write(1));
  EXPECT_TRUE(Eventually([&] { return server.Metric("supervision_intake_under_way_clues") == 1; }));

  Revoke("example-partner");
  EXPECT_TRUE(Eventually([&] { return !Read(server, revoked).ok(); }, kGiven));
  EXPECT_TRUE(write(2));
  // The service has read it when it answers what came behind it on the same connection.
  EXPECT_TRUE(Read(server, kMonitorToken).ok());
  redis_.Thaw();
  std::vector<uint64_t> answered;
  while (stream->Read(&answer)) answered.push_back(answer.index());
  EXPECT_THAT(answered, ElementsAre(1));
  EXPECT_EQ(ReasonOf(stream->Finish()), "UNAUTHENTICATED");
}

// A message that the client does not take keeps the stream from ending.
TEST_F(RevocationTest, ASubscriptionIsNotAcknowledgedWhileItsLastMessageIsOnItsWay) {
  const std::string revoked = Issue("example-monitor");
  TestServer::Options options = Options();
  options.flags.push_back("--alerting.max_alerts_per_message=3");
  TestServer server(options);
  const auto stub = v1::SubscriptionService::NewStub(server.channel());
  ASSERT_TRUE(CreateSubscription(*stub, "night").ok());
  ASSERT_TRUE(SubmitMany(*v1::ClueService::NewStub(server.channel()), 0, 60));
  grpc::ChannelArguments narrow;
  narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
  narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const auto channel =
      grpc::CreateCustomChannel(server.address(), grpc::InsecureChannelCredentials(), narrow);
  Consumption slow(channel, "night", 0, revoked);
  const std::vector<Consumption::Delivered> first = slow.Next(1);
  ASSERT_THAT(first, SizeIs(1));

  Revoke("example-monitor");
  ASSERT_TRUE(Eventually([&] { return !Read(server, revoked).ok(); }, kGiven));
  slow.Acknowledge(first[0].number);
  // The service has read it when it answers what came behind it on the same connection.
  EXPECT_TRUE(Read(channel, kMonitorToken).ok());
  EXPECT_FALSE(slow.Finish().ok());
  Consumption other(server.channel(), "night");
  const std::vector<Consumption::Delivered> again = other.Next(1);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].update.alert().id(), first[0].update.alert().id());
}

}  // namespace
}  // namespace supervision::testing
