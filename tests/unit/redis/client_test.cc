#include "services/redis/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/support/eventually.h"
#include "tests/support/redis_calls.h"
#include "tests/support/redis_server.h"

namespace supervision::redis {
namespace {

using ::supervision::testing::Call;
using ::supervision::testing::CallAll;
using ::supervision::testing::CallLater;
using ::supervision::testing::Eventually;
using ::supervision::testing::RedisServer;
using ::supervision::testing::RunScript;
using ::supervision::testing::Show;
using ::testing::ElementsAre;

const Script& Echo() {
  static const Script script("#!lua\nreturn {KEYS[1], ARGV[1]}");
  return script;
}

// One real redis-server for the suite, emptied before each test.
class ClientTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new RedisServer({.durable = false, .tcp = true, .settings = {}});
    loop_ = new Loop;
  }
  static void TearDownTestSuite() {
    delete loop_;
    delete server_;
  }
  void SetUp() override { server_->Call({"FLUSHALL"}); }

  static Client::Options Options() {
    Client::Options options;
    options.address.unix_path = server_->path();
    options.name = "test";
    options.scripts = {&Echo()};
    return options;
  }

  static inline RedisServer* server_ = nullptr;
  static inline Loop* loop_ = nullptr;
};

TEST_F(ClientTest, SendsCommandsOfAnyBytes) {
  Client client(loop_, Options());
  const std::string bytes("a\0\r\n$5\xff", 7);
  EXPECT_EQ(Show(Call(client, {"SET", bytes, bytes})), "OK");
  EXPECT_EQ(Show(Call(client, {"GET", bytes})), bytes);
}

TEST_F(ClientTest, RunsScripts) {
  Client client(loop_, Options());
  EXPECT_EQ(Show(RunScript(client, Echo(), {"key"}, {"argument"})), "[key argument]");
}

TEST_F(ClientTest, AnswersSeveralCommandsTogetherInOrder) {
  Client client(loop_, Options());
  const std::vector<Result> results =
      CallAll(client, {{"SET", "k", "1"}, {"INCR", "k"}, {"LPUSH", "k", "x"}, {"GET", "k"}});
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(Show(results[0]), "OK");
  EXPECT_EQ(Show(results[1]), "2");
  EXPECT_EQ(results[2].failure().kind, FailureKind::kWrongType);
  EXPECT_EQ(Show(results[3]), "2");
}

}  // namespace
}  // namespace supervision::redis
