// What a real Redis refuses, and what becomes of it: each with a server of its own settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "services/redis/client.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_calls.h"
#include "tests/support/redis_server.h"

namespace supervision::redis {
namespace {

using ::supervision::testing::Call;
using ::supervision::testing::CallLater;
using ::supervision::testing::Eventually;
using ::supervision::testing::RedisServer;
using ::supervision::testing::RunScript;
using ::supervision::testing::Show;
using ::testing::HasSubstr;
using ::testing::Not;

Client::Options OptionsFor(const RedisServer& server) {
  Client::Options options;
  options.address.unix_path = server.path();
  options.reconnect_maximum = absl::Milliseconds(50);
  return options;
}

TEST(ClientAuthTest, EntersWithThePassword) {
  RedisServer server({.durable = false, .tcp = false, .settings = {"--requirepass", "offen"}});
  Client::Options options = OptionsFor(server);
  options.address.password = "offen";
  Loop loop;
  Client client(&loop, options);
  EXPECT_EQ(Show(Call(client, {"ECHO", "in"})), "in");
}

TEST(ClientAuthTest, EntersAsAUserWithFewRights) {
  RedisServer server({.durable = false,
                      .tcp = false,
                      .settings = {"--user", "sv", "on", ">offen", "~*", "+get", "+echo"}});
  Client::Options options = OptionsFor(server);
  options.address.user = "sv";
  options.address.password = "offen";
  options.name = "commit";
  Loop loop;
  Client client(&loop, options);
  EXPECT_EQ(Show(Call(client, {"ECHO", "in"})), "in");
  EXPECT_EQ(Call(client, {"FLUSHALL"}).failure().kind, FailureKind::kNotAllowed);
}

TEST(ClientAuthTest, NeverBecomesReadyWithAWrongPasswordAndDoesNotRepeatIt) {
  RedisServer server({.durable = false, .tcp = false, .settings = {"--requirepass", "offen"}});
  Client::Options options = OptionsFor(server);
  options.address.password = "falsch";
  Loop loop;
  Client client(&loop, options);
  ASSERT_TRUE(Eventually([&] { return !client.GetStats().last_error.empty(); }));
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("AUTH was refused: WRONGPASS"));
  EXPECT_THAT(client.GetStats().last_error, Not(HasSubstr("falsch")));
  EXPECT_FALSE(client.GetStats().connected);
  const Result result = Call(client, {"PING"}, absl::Milliseconds(50));
  EXPECT_EQ(result.failure().kind, FailureKind::kNotSent);
  EXPECT_THAT(result.failure().text, HasSubstr("WRONGPASS"));
}

TEST(ClientAuthTest, NeverBecomesReadyWithoutANeededPassword) {
  RedisServer server({.durable = false, .tcp = false, .settings = {"--requirepass", "offen"}});
  Loop loop;
  Client client(&loop, OptionsFor(server));
  ASSERT_TRUE(Eventually([&] { return !client.GetStats().last_error.empty(); }));
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("NOAUTH"));
}

TEST(ClientErrorTest, TellsThatMemoryIsFull) {
  RedisServer server({.durable = false, .tcp = false, .settings = {"--maxmemory", "3mb"}});
  Loop loop;
  Client client(&loop, OptionsFor(server));
  Result result = Call(client, {"PING"});
  for (int i = 0; i < 10 && result.ok(); ++i) {
    result = Call(client, {"SET", std::to_string(i), std::string(1 << 20, 'x')});
  }
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.failure().kind, FailureKind::kOutOfMemory);
}

TEST(ClientErrorTest, TellsThatMemoryIsFullBeforeAScriptStarts) {
  RedisServer server({.durable = false, .tcp = false, .settings = {"--maxmemory", "1"}});
  const Script script("#!lua\nreturn redis.call('SET', KEYS[1], 'x')");
  Client::Options options = OptionsFor(server);
  options.scripts = {&script};
  Loop loop;
  Client client(&loop, options);
  EXPECT_EQ(RunScript(client, script, {"k"}, {}).failure().kind, FailureKind::kOutOfMemory);
}

TEST(ClientErrorTest, RenewsTheConnectionToADemotedPrimaryAndWorksOnceItIsPromotedAgain) {
  RedisServer other({.durable = false, .tcp = true, .settings = {}});
  RedisServer server({.durable = false, .tcp = false, .settings = {}});
  Loop loop;
  Client client(&loop, OptionsFor(server));
  EXPECT_EQ(Show(Call(client, {"SET", "k", "1"})), "OK");
  server.Call({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  EXPECT_EQ(Call(client, {"SET", "k", "2"}).failure().kind, FailureKind::kReadOnly);
  server.Call({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(Show(Call(client, {"SET", "k", "3"})), "OK");
  EXPECT_EQ(client.GetStats().connects, 2u);
}

TEST(ClientErrorTest, TellsThatThereAreTooFewReplicas) {
  RedisServer server(
      {.durable = false, .tcp = false, .settings = {"--min-replicas-to-write", "1"}});
  Loop loop;
  Client client(&loop, OptionsFor(server));
  EXPECT_EQ(Call(client, {"SET", "k", "v"}).failure().kind, FailureKind::kNoReplicas);
}

TEST(ClientErrorTest, TellsThatAScriptKeepsRedisBusy) {
  RedisServer server(
      {.durable = false, .tcp = false, .settings = {"--busy-reply-threshold", "10"}});
  Loop loop;
  Client stuck(&loop, OptionsFor(server));
  Client client(&loop, OptionsFor(server));
  Call(client, {"PING"});
  auto endless = CallLater(stuck, {"EVAL", "while true do end", "0"});
  ASSERT_TRUE(Eventually([&] {
    const Result result = Call(client, {"GET", "k"});
    return !result.ok() && result.failure().kind == FailureKind::kBusy;
  }));
  server.Call({"SCRIPT", "KILL"});
  EXPECT_FALSE(endless.get().ok());
  EXPECT_EQ(Show(Call(client, {"ECHO", "free"})), "free");
}

}  // namespace
}  // namespace supervision::redis
