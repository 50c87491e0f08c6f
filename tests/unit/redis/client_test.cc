#include "services/redis/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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
using ::testing::HasSubstr;

const Script& Echo() {
  static const Script script("#!lua\nreturn {KEYS[1], ARGV[1]}");
  return script;
}

// One real redis-server for the suite, emptied before each test. Tests that kill it start it again.
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
  void SetUp() override {
    server_->Start();
    server_->Call({"FLUSHALL"});
  }

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

TEST_F(ClientTest, SendsCommandsLargerThanOneWrite) {
  Client client(loop_, Options());
  const std::string large(5 << 20, 'x');
  EXPECT_EQ(Show(Call(client, {"SET", "k", large})), "OK");
  EXPECT_EQ(Show(Call(client, {"STRLEN", "k"})), std::to_string(large.size()));
  EXPECT_EQ(Call(client, {"GET", "k"}).reply().text, large);
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

TEST_F(ClientTest, AnswersNoCommandsAtAll) {
  Client client(loop_, Options());
  EXPECT_TRUE(CallAll(client, {}).empty());
}

TEST_F(ClientTest, RefusesAnEmptyCommandWithoutHarmToTheNext) {
  Client client(loop_, Options());
  EXPECT_EQ(Call(client, {}).failure().kind, FailureKind::kCommand);
  EXPECT_EQ(CallAll(client, {{"PING"}, {}}).size(), 2u);
  EXPECT_EQ(Show(Call(client, {"ECHO", "mine"})), "mine");
}

TEST_F(ClientTest, SendsNothingToAServerThatIsNotAcceptedAndGoesOnTrying) {
  std::atomic<int> asked = 0;
  std::atomic<bool> right = false;
  Client::Options options = Options();
  options.accepts = [&](const std::string& run_id) {
    EXPECT_EQ(run_id.size(), 40u);
    ++asked;
    return right.load();
  };
  Client client(loop_, options);
  auto answer = CallLater(client, {"INCR", "k"});
  ASSERT_TRUE(Eventually([&] { return asked > 2; }));
  EXPECT_FALSE(client.GetStats().connected);
  EXPECT_EQ(server_->Call({"EXISTS", "k"}), ":0\r\n");
  right = true;
  EXPECT_EQ(Show(answer.get()), "1");
}

TEST_F(ClientTest, RenewedItConnectsAgainAndWhatComesIsSentThere) {
  Client client(loop_, Options());
  ASSERT_EQ(Show(Call(client, {"SET", "k", "1"})), "OK");
  auto blocked = CallLater(client, {"BLPOP", "never", "0"});
  ASSERT_TRUE(Eventually([] {
    return server_->Call({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  }));
  client.Renew("the address has moved");
  const Result given_up = blocked.get();
  ASSERT_FALSE(given_up.ok());
  EXPECT_EQ(given_up.failure().text, "the address has moved");
  EXPECT_EQ(Show(Call(client, {"INCR", "k"})), "2");
  EXPECT_EQ(client.GetStats().connects, 2u);
}

TEST_F(ClientTest, RenewedWhileItWaitsForAnotherAttemptItConnectsAtOnce) {
  Client::Options options = Options();
  std::atomic<bool> right = false;
  std::atomic<bool> asked = false;
  options.reconnect_initial = options.reconnect_maximum = absl::Hours(1);
  options.accepts = [&](const std::string&) {
    asked = true;
    return right.load();
  };
  Client client(loop_, options);
  ASSERT_TRUE(Eventually([&] { return asked.load(); }));
  right = true;
  client.Renew("the right one is known now");
  EXPECT_EQ(Show(Call(client, {"PING"})), "PONG");
}

TEST_F(ClientTest, WorksOverTcpByAddressAndByName) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Client::Options options = Options();
    options.address = Address{.host = host, .port = server_->port()};
    Client client(loop_, options);
    EXPECT_EQ(Show(Call(client, {"ECHO", host})), host);
  }
}

TEST_F(ClientTest, SelectsTheDatabase) {
  Client::Options options = Options();
  options.address.database = 7;
  Client client(loop_, options);
  EXPECT_EQ(Show(Call(client, {"SET", "k", "v"})), "OK");
  EXPECT_THAT(server_->Call({"INFO", "keyspace"}), HasSubstr("db7:keys=1"));
}

TEST_F(ClientTest, NamesItsConnection) {
  Client::Options options = Options();
  options.name = "bulk reader";
  Client client(loop_, options);
  EXPECT_EQ(Show(Call(client, {"CLIENT", "GETNAME"})), "bulk-reader");
}

TEST_F(ClientTest, SendsEachThreadsCommandsInOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  {
    Client client(loop_, Options());
    std::vector<std::thread> threads;
    std::atomic<int> answered = 0;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          client.Send({"RPUSH", "list" + std::to_string(t), std::to_string(i)}, absl::Seconds(20),
                      [&](Result) { ++answered; });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(Eventually([&] { return answered == kThreads * kEach; }));
  }
  Client client(loop_, Options());
  for (int t = 0; t < kThreads; ++t) {
    const Result list = Call(client, {"LRANGE", "list" + std::to_string(t), "0", "-1"});
    ASSERT_EQ(list.reply().elements.size(), static_cast<size_t>(kEach));
    for (int i = 0; i < kEach; ++i) EXPECT_EQ(list.reply().elements[i].text, std::to_string(i));
  }
}

TEST_F(ClientTest, CallsBackOnTheLoopsThreadAndLetsACallbackSend) {
  Client client(loop_, Options());
  std::promise<std::string> second;
  client.Send({"ECHO", "a"}, absl::Seconds(20), [&](Result) {
    EXPECT_TRUE(loop_->OnLoopThread());
    EXPECT_EQ(client.GetStats().queued_commands, 0u);
    client.Send({"ECHO", "b"}, absl::Seconds(20),
                [&](Result result) { second.set_value(Show(result)); });
  });
  EXPECT_EQ(second.get_future().get(), "b");
}

TEST_F(ClientTest, NeverCallsBackInsideTheCallThatTookIt) {
  Client client(loop_, Options());
  client.Stop();
  std::promise<bool> inside;
  loop_->Post([&] {
    auto returned = std::make_shared<bool>(false);
    client.Send({"PING"}, absl::Seconds(1),
                [&, returned](Result) { inside.set_value(!*returned); });
    *returned = true;
  });
  EXPECT_FALSE(inside.get_future().get());
}

TEST_F(ClientTest, LoadsAScriptAgainThatRedisHasLost) {
  Client client(loop_, Options());
  Call(client, {"PING"});
  server_->Call({"SCRIPT", "FLUSH"});
  std::atomic<int> right = 0;
  for (int i = 0; i < 50; ++i) {
    client.Run(Echo(), {std::to_string(i)}, {"x"}, absl::Seconds(20),
               [&, i](Result result) { right += Show(result) == "[" + std::to_string(i) + " x]"; });
  }
  EXPECT_TRUE(Eventually([&] { return right == 50; })) << right;
}

TEST_F(ClientTest, LoadsTheScriptsAgainForTheNextWhenACommandOfAGroupMissedThem) {
  Client client(loop_, Options());
  Call(client, {"PING"});
  server_->Call({"SCRIPT", "FLUSH"});
  const std::vector<Command> group = {{"EVALSHA", Echo().sha1(), "1", "k", "a"}, {"ECHO", "x"}};
  EXPECT_EQ(CallAll(client, group)[0].failure().kind, FailureKind::kNoScript);
  EXPECT_EQ(Show(CallAll(client, group)[0]), "[k a]");
}

TEST_F(ClientTest, ABlockingReadOnAClientOfItsOwnWaitsForNews) {
  Client::Options options = Options();
  options.name = "tail";
  Client tail(loop_, options);
  Client client(loop_, Options());
  auto news =
      CallLater(tail, {"XREAD", "BLOCK", "0", "STREAMS", "log", "0-0"}, absl::InfiniteDuration());
  ASSERT_TRUE(Eventually([&] {
    return server_->Call({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  }));
  EXPECT_EQ(Show(Call(client, {"XADD", "log", "1-0", "f", "v"})), "1-0");
  EXPECT_EQ(Show(news.get()), "[[log [[1-0 [f v]]]]]");
}

TEST_F(ClientTest, WaitsForAConnectionUntilTheTimeout) {
  server_->Kill9();
  Client client(loop_, Options());
  auto answer = CallLater(client, {"ECHO", "early"});
  server_->Start();
  EXPECT_EQ(Show(answer.get()), "early");
}

TEST_F(ClientTest, SaysNotSentWhenNoConnectionCame) {
  server_->Kill9();
  Client client(loop_, Options());
  const Result result = Call(client, {"PING"}, absl::Milliseconds(50));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.failure().kind, FailureKind::kNotSent);
  EXPECT_THAT(result.failure().text, HasSubstr("no connection"));
}

TEST_F(ClientTest, AnswersEveryoneWhenRedisIsKilledAndConnectsAgain) {
  std::vector<bool> states;
  Client::Options options = Options();
  options.on_state_change = [&](bool connected) { states.push_back(connected); };
  {
    Client client(loop_, options);
    Call(client, {"PING"});
    server_->Freeze();
    std::vector<std::future<Result>> answers;
    for (int i = 0; i < 20; ++i) answers.push_back(CallLater(client, {"INCR", "k"}));
    // What is written lies in the socket of a process that does not read it any more.
    ASSERT_TRUE(Eventually([&] { return client.GetStats().queued_commands == 20; }));
    std::promise<void> flushed;
    loop_->Post([&] { flushed.set_value(); });
    flushed.get_future().wait();
    server_->Kill9();
    for (auto& answer : answers) {
      EXPECT_EQ(answer.get().failure().kind, FailureKind::kOutcomeUnknown);
    }
    server_->Start();
    EXPECT_EQ(Show(Call(client, {"ECHO", "again"})), "again");
    EXPECT_EQ(Show(RunScript(client, Echo(), {"k"}, {"v"})), "[k v]");
    EXPECT_EQ(client.GetStats().connects, 2u);
    EXPECT_TRUE(client.GetStats().connected);
  }
  EXPECT_THAT(states, ElementsAre(true, false, true, false));
}

TEST_F(ClientTest, StopAnswersEveryoneAndTakesNoMore) {
  Client client(loop_, Options());
  Call(client, {"PING"});
  server_->Freeze();
  std::atomic<int> answered = 0;
  for (int i = 0; i < 100; ++i) {
    client.Send({"PING"}, absl::Seconds(60), [&](Result result) { answered += !result.ok(); });
  }
  client.Stop();
  EXPECT_EQ(answered, 100);
  EXPECT_EQ(Call(client, {"PING"}).failure().kind, FailureKind::kNotSent);
  EXPECT_EQ(client.GetStats().queued_commands, 0u);
  EXPECT_EQ(client.GetStats().queued_bytes, 0u);
  client.Stop();
  server_->Thaw();
}

TEST_F(ClientTest, StopIsAllowedInACallback) {
  Client client(loop_, Options());
  std::atomic<int> answered = 0;
  for (int i = 0; i < 10; ++i) {
    client.Send({"PING"}, absl::Seconds(20), [&](Result) {
      client.Stop();
      ++answered;
    });
  }
  client.Stop();
  EXPECT_EQ(answered, 10);
}

TEST_F(ClientTest, TheLoopsEndAnswersEveryone) {
  Loop loop;
  Client client(&loop, Options());
  Call(client, {"PING"});
  auto answer = CallLater(client, {"BLPOP", "never", "0"});
  loop.Stop();
  EXPECT_EQ(answer.get().failure().kind, FailureKind::kOutcomeUnknown);
  client.Stop();
}

TEST_F(ClientTest, RefusesAtOnceWhenTheQueueIsFull) {
  server_->Kill9();  // all wait for a connection
  Client::Options options = Options();
  options.max_queued_commands = 10;
  Client client(loop_, options);
  std::vector<std::future<Result>> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(CallLater(client, {"PING"}));
  EXPECT_EQ(Call(client, {"PING"}).failure().kind, FailureKind::kOverloaded);
  EXPECT_EQ(CallAll(client, {{"PING"}, {"PING"}})[1].failure().kind, FailureKind::kOverloaded);
  server_->Start();
  for (auto& answer : waiting) EXPECT_EQ(Show(answer.get()), "PONG");
  EXPECT_EQ(Show(Call(client, {"ECHO", "room again"})), "room again");
}

TEST_F(ClientTest, RefusesAtOnceWhenTheQueueHoldsTooManyBytes) {
  Client::Options options = Options();
  options.max_queued_bytes = 1000;
  Client client(loop_, options);
  EXPECT_EQ(Call(client, {"SET", "k", std::string(1000, 'x')}).failure().kind,
            FailureKind::kOverloaded);
  EXPECT_EQ(Show(Call(client, {"SET", "k", std::string(900, 'x')})), "OK");
}

}  // namespace
}  // namespace supervision::redis
