// Start, health, reflection, status, a Redis that goes away, and the end.
#include <atomic>
#include <fstream>
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

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

grpc::Status GetStatus(const TestServer& server, v1::GetStatusResponse* response) {
  return v1::AdminService::NewStub(server.channel())
      ->GetStatus(Context(kOperatorToken).get(), v1::GetStatusRequest(), response);
}

TEST(LifecycleTest, HealthSpeaksOfEachService) {
  TestServer server;
  for (const std::string service :
       {"", "liveness", "supervision.v1.ClueService", "supervision.v1.AlertService",
        "supervision.v1.ClassificationService", "supervision.v1.AdminService"}) {
    EXPECT_EQ(Health(server.channel(), service), "SERVING") << service;
  }
  EXPECT_EQ(Health(server.channel(), "no.such.Service"),
            std::to_string(grpc::StatusCode::NOT_FOUND));
}

TEST(LifecycleTest, ReflectionIsServed) {
  TestServer server;
  // ServerReflectionRequest{list_services = 7: ""}; the answer names every service.
  const RawAnswer answer =
      CallRaw(server.channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              std::string("\x3a\x00", 2), "");
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  for (const char* service :
       {"supervision.v1.ClueService", "supervision.v1.ClassificationService",
        "supervision.v1.AlertService", "supervision.v1.AdminService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(answer.bytes, HasSubstr(service));
  }
}

TEST(LifecycleTest, StatusTellsOfLedgerRedisAndRules) {
  TestServer server;
  const auto clues = v1::ClueService::NewStub(server.channel());
  ASSERT_TRUE(Submit(*clues, ValidRequest(1)).status.ok());
  v1::GetStatusResponse status;
  ASSERT_TRUE(GetStatus(server, &status).ok());
  EXPECT_TRUE(status.ready());
  EXPECT_THAT(status.not_ready_because(), IsEmpty());
  EXPECT_EQ(status.ledger().id().size(), 32u);
  ASSERT_EQ(status.ledger().partitions_size(), 1);
  EXPECT_EQ(status.ledger().partitions(0).end_position(), 1);
  EXPECT_TRUE(status.redis().connected());
  EXPECT_TRUE(status.redis().durable());
  EXPECT_THAT(status.redis().address(), HasSubstr("embedded"));
  EXPECT_THAT(status.rules_version(), Not(IsEmpty()));
  EXPECT_THAT(status.catalogue_version(), Not(IsEmpty()));
}

TEST(LifecycleTest, MetricsCountCallsByMethodAndCode) {
  TestServer server;
  const auto clues = v1::ClueService::NewStub(server.channel());
  ASSERT_TRUE(Submit(*clues, ValidRequest(1)).status.ok());
  v1::GetClueRequest request;
  request.set_clue_id("c-nowhere");
  v1::GetClueResponse response;
  clues->GetClue(Context(kPartnerToken).get(), request, &response);
  EXPECT_EQ(server.Metric("supervision_rpc_total{code=\"OK\",method=\"SubmitClue\"}"), 1);
  EXPECT_EQ(server.Metric("supervision_rpc_total{code=\"NOT_FOUND\",method=\"GetClue\"}"), 1);
  EXPECT_EQ(server.Metric("supervision_rpc_open{method=\"SubmitClue\"}"), 0);
  EXPECT_GT(server.Metric("process_start_time_seconds"), 1.7e9);
}

TEST(LifecycleTest, ServesWithoutRedisAndBecomesReadyWhenItComes) {
  RedisServer redis;
  redis.Shutdown();
  TestServer server({.redis = "unix:" + redis.path(), .wait_until_ready = false});
  EXPECT_EQ(Health(server.channel(), ""), "NOT_SERVING");
  EXPECT_EQ(Health(server.channel(), "liveness"), "SERVING");
  EXPECT_EQ(Health(server.channel(), "supervision.v1.ClassificationService"), "SERVING");
  const auto clues = v1::ClueService::NewStub(server.channel());
  const grpc::Status refused = Submit(*clues, ValidRequest(1)).status;
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(refused), "LEDGER_UNAVAILABLE");
  EXPECT_TRUE(HasRetryInfo(refused));
  v1::GetStatusResponse status;
  ASSERT_TRUE(GetStatus(server, &status).ok());
  EXPECT_FALSE(status.ready());
  EXPECT_THAT(status.not_ready_because(), Not(IsEmpty()));

  redis.Start();
  server.WaitUntilReady();
  EXPECT_EQ(Health(server.channel(), ""), "SERVING");
  EXPECT_TRUE(Submit(*clues, ValidRequest(1)).status.ok());
}

TEST(LifecycleTest, AFullDiskRefusesChangesAndNothingElse) {
  TestServer server({.flags = {"--redis.min_free_disk=900TiB"}, .wait_until_ready = false});
  const auto clues = v1::ClueService::NewStub(server.channel());
  Submitted refused;
  ASSERT_TRUE(Eventually([&] {
    refused = Submit(*clues, ValidRequest(1));
    return ReasonOf(refused.status) == "LEDGER_FULL";
  })) << ReasonOf(refused.status);
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(HasRetryInfo(refused.status));
  EXPECT_EQ(Health(server.channel(), ""), "NOT_SERVING");
  v1::GetStatusResponse status;
  ASSERT_TRUE(GetStatus(server, &status).ok());
  EXPECT_THAT(status.not_ready_because(), Contains(HasSubstr("redis.min_free_disk")));
  EXPECT_EQ(server.Metric("supervision_redis_disk_full"), 1);
  EXPECT_TRUE(Eventually([&] {  // as soon as the ledger is open
    v1::ListCluesResponse page;
    return clues->ListClues(Context(kPartnerToken).get(), v1::ListCluesRequest(), &page).ok();
  }));
}

TEST(LifecycleTest, RedisKilledAndBackLosesNothingAcknowledged) {
  RedisServer redis;
  TestServer server({.redis = "unix:" + redis.path()});
  const auto clues = v1::ClueService::NewStub(server.channel());
  std::vector<Submitted> results(400);
  std::atomic<int> sent{0};
  std::thread submitter([&] {
    for (; sent < 400; ++sent) {
      results[static_cast<size_t>(sent)] = Submit(*clues, ValidRequest(sent));
    }
  });
  EXPECT_TRUE(Eventually([&] { return sent >= 100; }));
  redis.Restart();
  submitter.join();
  server.WaitUntilReady();
  int accepted = 0;
  for (int i = 0; i < 400; ++i) {
    const Submitted& before = results[static_cast<size_t>(i)];
    if (!before.status.ok()) {
      EXPECT_EQ(before.status.error_code(), grpc::StatusCode::UNAVAILABLE)
          << before.status.error_message();
      EXPECT_TRUE(HasRetryInfo(before.status)) << ReasonOf(before.status);
    }
    Submitted after;
    ASSERT_TRUE(Eventually([&] {
      after = Submit(*clues, ValidRequest(i));
      return after.status.ok();
    })) << ReasonOf(after.status);
    if (!before.status.ok()) continue;
    ++accepted;
    EXPECT_EQ(after.receipt.clue_id(), before.receipt.clue_id());
    EXPECT_EQ(after.receipt.etag(), before.receipt.etag());
  }
  EXPECT_GE(accepted, 100);
}

TEST(LifecycleTest, AnErrorOfAnAbsentRedisComesWithinTheCallersDeadline) {
  RedisServer redis;
  TestServer server({.redis = "unix:" + redis.path()});
  const auto clues = v1::ClueService::NewStub(server.channel());
  ASSERT_TRUE(Submit(*clues, ValidRequest(0)).status.ok());
  redis.Freeze();
  grpc::Status status;
  // The answer has a tenth of a second for its way, which a busy machine may take from it once.
  EXPECT_TRUE(Eventually([&] {
    v1::SubmitClueResponse response;
    status = clues->SubmitClue(Context(kPartnerToken, std::chrono::milliseconds(800)).get(),
                               ValidRequest(1), &response);
    return !ReasonOf(status).empty();
  })) << "the client's own deadline always came first";
  redis.Thaw();
  EXPECT_TRUE(HasRetryInfo(status)) << ReasonOf(status);
}

TEST(LifecycleTest, RestartKeepsCluesAndAnswers) {
  TestServer server;
  auto clues = v1::ClueService::NewStub(server.channel());
  const v1::ClueReceipt before = Submit(*clues, ValidRequest(1)).receipt;
  server.Restart();
  clues = v1::ClueService::NewStub(server.channel());
  const Submitted after = Submit(*clues, ValidRequest(1));
  ASSERT_TRUE(after.status.ok()) << after.status.error_message();
  EXPECT_EQ(after.receipt.SerializeAsString(), before.SerializeAsString());
}

TEST(LifecycleTest, StopSaysNotServingFirstAndThenSendsCallsElsewhere) {
  TestServer server({.flags = {"--drain.announce=5s"}});  // long enough for all that is asked below
  const auto channel = server.channel();
  const auto clues = v1::ClueService::NewStub(channel);
  // An open stream keeps the server until its spread, so that the states can be seen.
  Watcher watcher(channel, FromLatest());
  ASSERT_TRUE(watcher.NextMessage().has_value());
  std::thread stopper([&] { server.Stop(); });
  EXPECT_TRUE(Eventually([&] { return Health(channel, "") == "NOT_SERVING"; }));
  EXPECT_EQ(Health(channel, "liveness"), "SERVING");
  EXPECT_TRUE(Submit(*clues, ValidRequest(1)).status.ok()) << "announced, and still served";
  EXPECT_TRUE(watcher.Finish().ok());
  stopper.join();
  server.Stop();  // a second time is safe
}

TEST(LifecycleTest, StopFinishesCallsUnderWay) {
  RedisServer redis;
  TestServer server({.redis = "unix:" + redis.path(), .flags = {"--drain.finish=30s"}});
  const auto clues = v1::ClueService::NewStub(server.channel());
  redis.Freeze();
  Submitted submitted;
  std::thread caller([&] { submitted = Submit(*clues, ValidRequest(1)); });
  ASSERT_TRUE(Eventually(
      [&] { return server.Metric("supervision_rpc_open{method=\"SubmitClue\"}") == 1; }));
  // A method that does not wait for Redis tells when the drain has begun.
  const auto classification = v1::ClassificationService::NewStub(server.channel());
  std::thread stopper([&] { server.Stop(); });
  EXPECT_TRUE(Eventually([&] {
    v1::ListScenariosResponse response;
    return ReasonOf(classification->ListScenarios(
               Context(kMonitorToken).get(), v1::ListScenariosRequest(), &response)) == "DRAINING";
  }));
  redis.Thaw();
  caller.join();
  stopper.join();
  EXPECT_TRUE(submitted.status.ok()) << ReasonOf(submitted.status);
}

TEST(LifecycleTest, StopIsBoundedWhenRedisStands) {
  RedisServer redis;
  TestServer server({.redis = "unix:" + redis.path(), .flags = {"--drain.finish=300ms"}});
  const auto clues = v1::ClueService::NewStub(server.channel());
  redis.Freeze();
  Submitted submitted;
  std::thread caller([&] { submitted = Submit(*clues, ValidRequest(1)); });
  ASSERT_TRUE(Eventually(
      [&] { return server.Metric("supervision_rpc_open{method=\"SubmitClue\"}") == 1; }));
  server.Stop();
  caller.join();
  redis.Thaw();
  EXPECT_EQ(submitted.status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(ServerTest, RefusesWrongFilesWithEveryMistake) {
  const TempDir directory;
  const std::string principals = directory.path() + "/principals.yaml";
  std::ofstream(principals) << "principals:\n  - id: UPPER\n    roles: [NOBODY]\n";
  config::ServerSources sources;
  sources.file = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/server.yaml";
  sources.flags = {"--files.principals=" + principals, "--files.regions=/does/not/exist"};
  auto settings = config::LoadServer(sources);
  ASSERT_TRUE(settings.ok()) << settings.status();
  const auto server =
      server::Server::New({.settings = *settings, .log = observability::Logger::Null()});
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("/does/not/exist"));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("principals.yaml:2"));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("principals.yaml:3"));
}

TEST(ServerTest, RefusesToListenWhereOthersCouldReadAlong) {
  for (const std::string address : {"0.0.0.0:0", "192.0.2.1:50051", "[::]:50051"}) {
    config::ServerSources sources;
    sources.file = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/server.yaml";
    sources.flags = {"--listen.grpc=" + address};
    auto settings = config::LoadServer(sources);
    ASSERT_TRUE(settings.ok()) << settings.status();
    const auto server =
        server::Server::New({.settings = *settings, .log = observability::Logger::Null()});
    EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition) << address;
    EXPECT_THAT(std::string(server.status().message()),
                AllOf(HasSubstr("listen.grpc (" + address + ")"), HasSubstr("the shipped example"),
                      HasSubstr("make principals of your own")));
  }
}

TEST(ServerTest, WritesTheAddressesItTook) {
  const TempDir directory;
  const std::string file = directory.path() + "/addresses.json";
  TestServer server({.flags = {"--listen.addresses_file=" + file}});
  std::string text;
  std::getline(std::ifstream(file), text);
  EXPECT_EQ(text, "{\"grpc\": \"" + server.address() + "\", \"metrics\": \"" +
                      server.metrics_address() + "\"}");
}

TEST(ServerTest, ShowsWhatRoomIsLeft) {
  TestServer server({.flags = {"--redis.max_memory=512MiB", "--redis.min_free_disk=3MiB"}});
  EXPECT_EQ(server.Metric("supervision_ledger_redis_memory_limit_bytes"), 512 << 20);
  EXPECT_GT(server.Metric("supervision_ledger_redis_memory_used_bytes"), 0);
  EXPECT_EQ(server.Metric("supervision_redis_disk_reserve_bytes"), 3 << 20);
  EXPECT_GT(server.Metric("supervision_redis_disk_needed_bytes"), 3 << 20);
  EXPECT_GT(server.Metric("supervision_redis_disk_free_bytes"), 0);
  EXPECT_EQ(server.Metric("supervision_redis_disk_full"), 0);
}

TEST(ServerTest, ListensOnAUnixSocket) {
  const TempDir directory;
  TestServer server({.flags = {"--listen.grpc=unix:" + directory.path() + "/s"}});
  EXPECT_EQ(server.address(), "unix:" + directory.path() + "/s");
  EXPECT_EQ(Health(server.channel(), ""), "SERVING");
}

TEST(ServerTest, ASecondServiceOnOnePortIsRefused) {
  TestServer first;
  config::ServerSources sources;
  const TempDir directory;
  sources.file = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/server.yaml";
  sources.flags = {"--listen.grpc=" + first.address(), "--listen.metrics=off",
                   "--redis.data_directory=" + directory.path() + "/d"};
  auto settings = config::LoadServer(sources);
  ASSERT_TRUE(settings.ok()) << settings.status();
  auto second = server::Server::New({.settings = *settings, .log = observability::Logger::Null()});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->Start().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace supervision::testing
