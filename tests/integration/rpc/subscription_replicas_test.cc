// Named subscriptions over several replicas on one ledger, and over the death of one.
#include <signal.h>

#include <chrono>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr uint32_t kAttempts = 60;

class ReplicasTest : public ::testing::Test {
 protected:
  ServiceProcess::Options ProcessOptions() {
    return {.directory = directory_.path(), .redis_address = "unix:" + redis_.path()};
  }

  // Whether a replica of its own process has come to serve: it listens before its ledger is open.
  static bool StartsToServe(ServiceProcess& process) {
    if (!process.Start()) return false;
    const auto channel =
        grpc::CreateChannel(process.grpc_address(), grpc::InsecureChannelCredentials());
    return Eventually([&] { return Health(channel, "") == "SERVING"; });
  }
  static Consumption Attempt(const std::shared_ptr<grpc::Channel>& channel, uint32_t attempt) {
    return Consumption(channel, "night", 0, kMonitorToken, std::chrono::seconds(180), attempt);
  }

  RedisServer redis_;
  TempDir directory_;
  TestServer a_{{.redis = "unix:" + redis_.path()}};
  std::unique_ptr<ClueStub> clues_ = v1::ClueService::NewStub(a_.channel());
  std::unique_ptr<SubscriptionStub> stub_ = v1::SubscriptionService::NewStub(a_.channel());
};

TEST_F(ReplicasTest, AConnectionAtAnotherReplicaTakesOver) {
  TestServer b({.redis = "unix:" + redis_.path()});
  ASSERT_TRUE(CreateSubscription(*stub_, "night").ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 3));
  Consumption older(a_.channel(), "night");
  ASSERT_THAT(older.Next(3), SizeIs(3));
  ASSERT_TRUE(older.Acknowledge(1));
  ASSERT_TRUE(older.WaitKept(1));
  Consumption newer(b.channel(), "night");
  const auto delivered = newer.Next(2);
  ASSERT_THAT(delivered, SizeIs(2));
  ASSERT_TRUE(newer.Acknowledge(1));
  ASSERT_TRUE(newer.WaitKept(1));
  older.Acknowledge(3);  // too late: it must not move the place, and it learns why
  const grpc::Status ended = older.Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(ended), "SUBSCRIPTION_TAKEN_OVER");
  EXPECT_LE(older.kept_through(), 1u);
  v1::GetSubscriptionResponse read;
  ASSERT_TRUE(GetSubscription(*stub_, "night", &read).ok());
  EXPECT_EQ(read.lag().alerts(), 1);
  EXPECT_EQ(read.lag().oldest_alert_id(), delivered[1].update.alert().id());
}

TEST_F(ReplicasTest, ASilentConnectionLearnsOfTheTakeoverByItself) {
  TestServer b({.redis = "unix:" + redis_.path()});
  ASSERT_TRUE(CreateSubscription(*stub_, "night").ok());
  Consumption older(a_.channel(), "night");
  ASSERT_TRUE(older.NextMessage().has_value());
  Consumption newer(b.channel(), "night");
  ASSERT_TRUE(newer.NextMessage().has_value());
  EXPECT_EQ(ReasonOf(older.Finish()), "SUBSCRIPTION_TAKEN_OVER");
}

TEST_F(ReplicasTest, WhatWasToldAsKeptOutlivesTheServiceAndTheRestComesAgain) {
  ServiceProcess process(ProcessOptions());
  ASSERT_TRUE(StartsToServe(process));
  ASSERT_TRUE(CreateSubscription(*stub_, "night").ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 5));
  std::vector<std::string> ids;
  {
    Consumption consumption(
        grpc::CreateChannel(process.grpc_address(), grpc::InsecureChannelCredentials()), "night");
    for (const auto& one : consumption.Next(5)) ids.push_back(one.update.alert().id());
    ASSERT_THAT(ids, SizeIs(5));
    ASSERT_TRUE(consumption.Acknowledge(2, {4}));
    while (consumption.kept_singles().empty()) {
      ASSERT_TRUE(consumption.NextMessage().has_value());
    }
    process.Kill();
    EXPECT_EQ(consumption.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  Consumption again(a_.channel(), "night");
  std::vector<std::string> left;
  for (const auto& one : again.Next(2)) left.push_back(one.update.alert().id());
  EXPECT_THAT(left, ElementsAre(ids[2], ids[4]));
}

// A client asks a replica that does not answer, gives up and goes to another one. When the first
// wakes it reads the opening and the giving up, and must not take the client's place from it.
TEST_F(ReplicasTest, AnOpeningThatWasGivenUpBeforeItsReplicaWokeTakesNothingOver) {
  ServiceProcess process(ProcessOptions());
  ASSERT_TRUE(StartsToServe(process));
  ASSERT_TRUE(CreateSubscription(*stub_, "night").ok());
  const auto channel =
      grpc::CreateChannel(process.grpc_address(), grpc::InsecureChannelCredentials());
  {
    Consumption first(channel, "night");  // the channel is connected from here on
    ASSERT_TRUE(first.NextMessage().has_value());
  }
  for (uint32_t attempt = 1; attempt < kAttempts; attempt += 2) {
    SCOPED_TRACE(attempt);
    kill(process.pid(), SIGSTOP);
    {
      Consumption given_up = Attempt(channel, attempt);
      given_up.Cancel();
    }
    Consumption newer = Attempt(a_.channel(), attempt + 1);
    EXPECT_TRUE(newer.NextMessage().has_value());
    kill(process.pid(), SIGCONT);
    // The replica has seen to all that lay there when it answers what came behind it.
    const auto other = v1::SubscriptionService::NewStub(channel);
    v1::GetSubscriptionResponse read;
    ASSERT_TRUE(GetSubscription(*other, "night", &read).ok());
    ASSERT_TRUE(SubmitMany(*clues_, static_cast<int>(attempt), 1));
    const auto delivered = newer.Next(1);
    ASSERT_THAT(delivered, SizeIs(1));
    ASSERT_TRUE(newer.Acknowledge(1));
    ASSERT_TRUE(newer.WaitKept(1)) << ReasonOf(newer.Finish());
  }
}

TEST_F(ReplicasTest, AReplicaThatIsStoppedKeepsTheAcknowledgementsAndLeaves) {
  ASSERT_TRUE(CreateSubscription(*stub_, "night").ok());
  ASSERT_TRUE(SubmitMany(*clues_, 0, 3));
  TestServer b({.redis = "unix:" + redis_.path()});
  Consumption consumption(b.channel(), "night");
  ASSERT_THAT(consumption.Next(3), SizeIs(3));
  ASSERT_TRUE(consumption.Acknowledge(3));
  ASSERT_TRUE(consumption.WaitKept(3));
  b.Stop();
  EXPECT_TRUE(consumption.Finish().ok());
  EXPECT_EQ(consumption.ending(), v1::STREAM_ENDING_REASON_DRAINING);
  v1::GetSubscriptionResponse read;
  ASSERT_TRUE(GetSubscription(*stub_, "night", &read).ok());
  EXPECT_FALSE(read.subscription().has_connection());
  EXPECT_EQ(read.lag().alerts(), 0);
}

}  // namespace
}  // namespace supervision::testing
