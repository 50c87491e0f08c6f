// What a real Redis does not do on demand, played by a scripted peer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "services/redis/client.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_calls.h"
#include "tests/support/resp_peer.h"

namespace supervision::redis {
namespace {

using ::supervision::testing::Call;
using ::supervision::testing::CallLater;
using ::supervision::testing::Eventually;
using ::supervision::testing::RespPeer;
using ::supervision::testing::Show;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kShort = absl::Milliseconds(60);
// On a connection that stands, also where the machine is busy.
constexpr absl::Duration kLongEnoughToBeSent = absl::Seconds(2);

class ConnectionTest : public ::testing::Test {
 protected:
  Client::Options Options() {
    Client::Options options;
    options.address.unix_path = peer_.path();
    options.reconnect_maximum = absl::Milliseconds(20);
    return options;
  }
  FailureKind KindOf(std::future<Result> answer) {
    const Result result = answer.get();
    EXPECT_FALSE(result.ok()) << Show(result);
    return result.ok() ? FailureKind::kCommand : result.failure().kind;
  }
  bool StillWaits(const std::future<Result>& answer) {
    return answer.wait_for(std::chrono::milliseconds(30)) == std::future_status::timeout;
  }

  RespPeer peer_;
  Loop loop_;
};

TEST_F(ConnectionTest, EntersCompletelyBeforeAnythingElseIsSent) {
  for (const char* name : {"AUTH", "SELECT", "CLIENT", "SCRIPT", "PING"}) peer_.Answer(name, "");
  const Script script("return 1");
  Client::Options options = Options();
  options.address.user = "sv";
  options.address.password = "offen";
  options.address.database = 3;
  options.name = "commit";
  options.scripts = {&script};
  Client client(&loop_, options);
  auto answer = CallLater(client, {"GET", "k"});
  EXPECT_THAT(peer_.Next(), ElementsAre("AUTH", "sv", "offen"));
  EXPECT_THAT(peer_.Next(), ElementsAre("SELECT", "3"));
  EXPECT_THAT(peer_.Next(), ElementsAre("CLIENT", "SETNAME", "commit"));
  EXPECT_THAT(peer_.Next(), ElementsAre("SCRIPT", "LOAD", "return 1"));
  EXPECT_THAT(peer_.Next(), ElementsAre("PING"));
  peer_.Write("+OK\r\n+OK\r\n+OK\r\n$40\r\n" + script.sha1() + "\r\n");
  EXPECT_TRUE(StillWaits(answer));
  EXPECT_FALSE(client.GetStats().connected);
  peer_.Write("+PONG\r\n");
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "k"));
  peer_.Write("$1\r\nv\r\n");
  EXPECT_EQ(Show(answer.get()), "v");
}

TEST_F(ConnectionTest, KeepsThePasswordToItselfWhenThePeerRepeatsIt) {
  peer_.Answer("AUTH", "-ERR unknown command `AUTH`, with args: `offen`\r\n");
  Client::Options options = Options();
  options.address.password = "offen";
  Client client(&loop_, options);
  ASSERT_TRUE(Eventually([&] { return !client.GetStats().last_error.empty(); }));
  EXPECT_EQ(client.GetStats().last_error, "AUTH was refused: ERR");
}

TEST_F(ConnectionTest, TriesAgainWhenAScriptCannotBeLoaded) {
  peer_.Answer("SCRIPT", "-ERR Error compiling script\r\n");
  const Script script("return");
  Client::Options options = Options();
  options.scripts = {&script};
  Client client(&loop_, options);
  ASSERT_TRUE(Eventually([&] { return peer_.connections() >= 2; }));
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("SCRIPT was refused: ERR Error compiling"));
  EXPECT_EQ(client.GetStats().connects, 0u);
}

TEST_F(ConnectionTest, WaitsWhileRedisLoadsItsFile) {
  peer_.Answer("PING", "-LOADING Redis is loading the dataset in memory\r\n");
  Client client(&loop_, Options());
  auto answer = CallLater(client, {"GET", "k"});
  ASSERT_TRUE(Eventually([&] { return peer_.connections() >= 2; }));
  peer_.Answer("PING", "+PONG\r\n");
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "k"));
  peer_.Write("$1\r\nv\r\n");
  EXPECT_EQ(Show(answer.get()), "v");
}

TEST_F(ConnectionTest, AsksALoadingRedisSteadilyWhateverTheBackOff) {
  peer_.Answer("PING", "-LOADING Redis is loading the dataset in memory\r\n");
  Client::Options options = Options();
  options.reconnect_initial = options.reconnect_maximum = absl::Hours(1000);
  Client client(&loop_, options);
  ASSERT_TRUE(Eventually([&] { return peer_.connections() >= 3; }));
  peer_.Answer("PING", "+PONG\r\n");
  EXPECT_TRUE(Eventually([&] { return client.GetStats().connected; }));
}

TEST_F(ConnectionTest, GivesUpAConnectionThatDoesNotBecomeReady) {
  peer_.Answer("PING", "");
  Client::Options options = Options();
  options.connect_timeout = kShort;
  Client client(&loop_, options);
  ASSERT_TRUE(Eventually([&] { return peer_.connections() >= 2; }));
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("took too long"));
}

TEST_F(ConnectionTest, PutsTogetherAReplyThatComesInPieces) {
  Client client(&loop_, Options());
  auto answer = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("$10\r\nhalf ");
  EXPECT_TRUE(StillWaits(answer));
  peer_.Write("whole\r");
  EXPECT_TRUE(StillWaits(answer));
  peer_.Write("\n");
  EXPECT_EQ(Show(answer.get()), "half whole");
}

struct Refusal {
  const char* reply;
  FailureKind kind;
  bool renews;
};

class RefusalTest : public ConnectionTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(RefusalTest, IsToldAndRenewsTheConnectionWhereTheTableSaysSo) {
  Client client(&loop_, Options());
  auto answer = CallLater(client, {"SET", "k", "v"});
  peer_.Next();
  peer_.Write(GetParam().reply);
  EXPECT_EQ(KindOf(std::move(answer)), GetParam().kind);
  auto next = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("+next\r\n");
  EXPECT_EQ(Show(next.get()), "next");
  EXPECT_EQ(peer_.connections(), GetParam().renews ? 2 : 1);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusalTest,
    ::testing::Values(
        Refusal{"-LOADING Redis is loading\r\n", FailureKind::kLoading, false},
        Refusal{"-BUSY Redis is busy\r\n", FailureKind::kBusy, false},
        Refusal{"-MISCONF Errors writing to the AOF file\r\n", FailureKind::kDiskFull, false},
        Refusal{"-READONLY You can't write\r\n", FailureKind::kReadOnly, true},
        Refusal{"-MASTERDOWN Link with MASTER is down\r\n", FailureKind::kReadOnly, true},
        Refusal{"-TRYAGAIN Multiple keys\r\n", FailureKind::kMoving, false},
        Refusal{"-ERR syntax error\r\n", FailureKind::kCommand, false}));

TEST_F(ConnectionTest, LetsWhatWasSentBeAnsweredBeforeItRenewsTheConnection) {
  Client client(&loop_, Options());
  auto write = CallLater(client, {"SET", "k", "v"});
  auto read = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Next();
  peer_.Write("-READONLY You can't write\r\n");
  EXPECT_EQ(KindOf(std::move(write)), FailureKind::kReadOnly);
  auto later = CallLater(client, {"GET", "other"});  // not on the old connection
  EXPECT_TRUE(StillWaits(read));
  peer_.Write("$1\r\nv\r\n");
  EXPECT_EQ(Show(read.get()), "v");
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "other"));
  EXPECT_EQ(peer_.connections(), 2);
  peer_.Write("$1\r\no\r\n");
  EXPECT_EQ(Show(later.get()), "o");
}

TEST_F(ConnectionTest, AnswersALateCommandAtOnceAndLetsTheOthersWait) {
  Client::Options options = Options();
  options.silence = absl::Hours(1);
  Client client(&loop_, options);
  auto patient = CallLater(client, {"GET", "a"});
  peer_.Next();  // connected: what comes now is sent long before it is late
  auto hasty = CallLater(client, {"GET", "b"}, kLongEnoughToBeSent);
  EXPECT_EQ(KindOf(std::move(hasty)), FailureKind::kOutcomeUnknown);
  auto next = CallLater(client, {"GET", "c"});
  peer_.Write("+a\r\n+b\r\n+c\r\n");
  EXPECT_EQ(Show(patient.get()), "a");
  EXPECT_EQ(Show(next.get()), "c");
  EXPECT_EQ(peer_.connections(), 1);
  EXPECT_TRUE(Eventually([&] { return client.GetStats().queued_commands == 0; }));
}

TEST_F(ConnectionTest, LeavesAConnectionOnWhichNothingIsAnswered) {
  Client::Options options = Options();
  options.silence = kShort;
  Client client(&loop_, options);
  auto patient = CallLater(client, {"GET", "a"});
  peer_.Next();
  EXPECT_EQ(KindOf(CallLater(client, {"GET", "b"}, kLongEnoughToBeSent)),
            FailureKind::kOutcomeUnknown);
  EXPECT_EQ(KindOf(std::move(patient)), FailureKind::kOutcomeUnknown);
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("timed out"));
  EXPECT_TRUE(Eventually([&] { return client.GetStats().queued_commands == 0; }));
}

TEST_F(ConnectionTest, LeavesItAlsoWhenNobodyWaitsAnyMore) {
  Client::Options options = Options();
  options.silence = 2 * kLongEnoughToBeSent;
  Client client(&loop_, options);
  ASSERT_TRUE(Eventually([&] { return client.GetStats().connected; }));
  EXPECT_EQ(KindOf(CallLater(client, {"GET", "a"}, kLongEnoughToBeSent)),
            FailureKind::kOutcomeUnknown);
  EXPECT_TRUE(Eventually([&] { return client.GetStats().connects == 2; }));
}

TEST_F(ConnectionTest, RunsAScriptWhoseCallerWasAnsweredNotAgain) {
  const Script script("return 1");
  Client::Options options = Options();
  options.silence = absl::Hours(1);
  options.scripts = {&script};
  Client client(&loop_, options);
  ASSERT_TRUE(Eventually([&] { return client.GetStats().connected; }));
  std::promise<Result> promise;
  client.Run(script, {"k"}, {}, kLongEnoughToBeSent,
             [&](Result result) { promise.set_value(std::move(result)); });
  EXPECT_EQ(KindOf(promise.get_future()), FailureKind::kOutcomeUnknown);
  EXPECT_EQ(peer_.Next().front(), "EVALSHA");
  auto next = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("-NOSCRIPT No matching script\r\n+next\r\n");
  EXPECT_EQ(Show(next.get()), "next");
  auto last = CallLater(client, {"GET", "l"});
  EXPECT_EQ(peer_.Next().front(), "GET");
  peer_.Write("+last\r\n");
  last.get();
}

TEST_F(ConnectionTest, SpeaksToARedisThatCannotWrite) {
  peer_.Answer("PING", "-MISCONF Redis is configured to save RDB snapshots\r\n");
  Client client(&loop_, Options());
  auto answer = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("+v\r\n");
  EXPECT_EQ(Show(answer.get()), "v");
}

TEST_F(ConnectionTest, SaysOfAFullRedisThatItIsFullAndNotThatThePasswordIsWrong) {
  peer_.Answer("AUTH", "-ERR max number of clients reached\r\n");
  Client::Options options = Options();
  options.address.password = "offen";
  Client client(&loop_, options);
  ASSERT_TRUE(Eventually([&] { return !client.GetStats().last_error.empty(); }));
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("max number of clients reached"));
}

TEST_F(ConnectionTest, NeverGivesALateReplyToAnotherCommand) {
  Client client(&loop_, Options());
  ASSERT_TRUE(Eventually([&] { return client.GetStats().connected; }));
  auto late = CallLater(client, {"GET", "a"}, kLongEnoughToBeSent);
  EXPECT_EQ(KindOf(std::move(late)), FailureKind::kOutcomeUnknown);
  auto next = CallLater(client, {"GET", "b"});
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "a"));
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "b"));
  // A peer answers in turn: were both on one connection, the late reply would come first.
  if (peer_.connections() == 1) peer_.Write("$4\r\nlate\r\n");
  peer_.Write("$3\r\nown\r\n");
  EXPECT_EQ(Show(next.get()), "own");
}

TEST_F(ConnectionTest, ATimeoutOfOneOutOfManyDoesNotDelayTheOthersTimeouts) {
  peer_.Answer("PING", "");  // never ready: all wait unsent
  Client client(&loop_, Options());
  std::vector<std::future<Result>> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(CallLater(client, {"GET", "k"}, absl::Milliseconds((i * 37) % 100)));
  }
  for (auto& answer : answers) {
    EXPECT_EQ(KindOf(std::move(answer)), FailureKind::kNotSent);
  }
}

TEST_F(ConnectionTest, ABreakInTheMiddleOfAReplyLeavesTheOutcomeUnknown) {
  Client client(&loop_, Options());
  auto answer = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("$10\r\nhalf");
  peer_.CloseConnections();
  EXPECT_EQ(KindOf(std::move(answer)), FailureKind::kOutcomeUnknown);
}

TEST_F(ConnectionTest, KeepsTheAnswersOfAGroupThatCameBeforeTheBreak) {
  Client client(&loop_, Options());
  std::promise<std::vector<Result>> promise;
  client.SendAll({{"SET", "k", "v"}, {"WAIT", "1", "0"}}, absl::Seconds(20),
                 [&](std::vector<Result> results) { promise.set_value(std::move(results)); });
  peer_.Next();
  peer_.Write("+OK\r\n");
  peer_.Next();
  peer_.CloseConnections();
  const std::vector<Result> results = promise.get_future().get();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(Show(results[0]), "OK");
  EXPECT_EQ(results[1].failure().kind, FailureKind::kOutcomeUnknown);
}

TEST_F(ConnectionTest, TellsWhatWasNotWrittenFromWhatMayHaveBeen) {
  Client client(&loop_, Options());
  auto warm = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("+OK\r\n");
  warm.get();
  peer_.Freeze();
  // The first fills the socket, so that the second stays with us.
  auto sent = CallLater(client, {"SET", "k", std::string(8 << 20, 'x')});
  auto kept = CallLater(client, {"SET", "k", "small"});
  ASSERT_TRUE(Eventually([&] { return client.GetStats().queued_commands == 2; }));
  EXPECT_TRUE(StillWaits(kept));
  peer_.CloseConnections();
  EXPECT_EQ(KindOf(std::move(sent)), FailureKind::kOutcomeUnknown);
  EXPECT_EQ(KindOf(std::move(kept)), FailureKind::kNotSent);
}

TEST_F(ConnectionTest, GivesUpAPeerThatDoesNotSpeakTheProtocol) {
  Client client(&loop_, Options());
  auto answer = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(KindOf(std::move(answer)), FailureKind::kOutcomeUnknown);
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("not Redis' protocol"));
}

TEST_F(ConnectionTest, GivesUpAPeerThatAnswersWhatNobodyAsked) {
  Client client(&loop_, Options());
  auto answer = CallLater(client, {"GET", "k"});
  peer_.Next();
  peer_.Write("+one\r\n+too many\r\n");
  EXPECT_EQ(Show(answer.get()), "one");
  ASSERT_TRUE(Eventually([&] { return peer_.connections() == 2; }));
  EXPECT_THAT(client.GetStats().last_error, HasSubstr("nobody had asked"));
}

TEST_F(ConnectionTest, RunsAScriptAtMostTwiceWhenRedisDoesNotKeepIt) {
  const Script script("return 1");
  Client::Options options = Options();
  options.scripts = {&script};
  Client client(&loop_, options);
  std::promise<Result> promise;
  client.Run(script, {"k"}, {}, absl::Seconds(20),
             [&](Result result) { promise.set_value(std::move(result)); });
  EXPECT_THAT(peer_.Next(), ElementsAre("EVALSHA", script.sha1(), "1", "k"));
  peer_.Write("-NOSCRIPT No matching script\r\n");
  EXPECT_THAT(peer_.Next(), ElementsAre("EVALSHA", script.sha1(), "1", "k"));
  peer_.Write("-NOSCRIPT No matching script\r\n");
  EXPECT_EQ(promise.get_future().get().failure().kind, FailureKind::kNoScript);
}

TEST_F(ConnectionTest, WhatAnAnswerOfTheLostConnectionLeadsToDoesNotGoOnTheNextWhenBound) {
  Client client(&loop_, Options());
  std::promise<Result> bound;
  std::promise<Result> free;
  client.Send({"GET", "a"}, absl::Seconds(20), [&](const Result&) {
    // Nobody has been told yet that the connection is lost.
    client.Send(
        {"SET", "bound", "v"}, absl::Seconds(20),
        [&](Result result) { bound.set_value(std::move(result)); }, 1);
    client.Send({"SET", "free", "v"}, absl::Seconds(20),
                [&](Result result) { free.set_value(std::move(result)); });
  });
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "a"));
  peer_.CloseConnections();
  EXPECT_THAT(peer_.Next(), ElementsAre("SET", "free", "v"));
  peer_.Write("+OK\r\n");
  EXPECT_EQ(KindOf(bound.get_future()), FailureKind::kNotSent);
  EXPECT_EQ(Show(free.get_future().get()), "OK");
}

TEST_F(ConnectionTest, WhatIsBoundGoesOnItsConnectionAndEndsWithItUnsent) {
  Client client(&loop_, Options());
  ASSERT_TRUE(Eventually([&] { return client.GetStats().connected; }));
  auto write = CallLater(client, {"SET", "k", "v"}, testing::kCallTimeout, 1);
  auto read = CallLater(client, {"GET", "k"});
  EXPECT_THAT(peer_.Next(), ElementsAre("SET", "k", "v"));
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "k"));
  peer_.Write("-READONLY You can't write\r\n");  // it sends nothing more, and is renewed
  EXPECT_EQ(KindOf(std::move(write)), FailureKind::kReadOnly);
  auto waits = CallLater(client, {"SET", "k", "w"}, testing::kCallTimeout, 1);
  EXPECT_TRUE(StillWaits(waits));
  peer_.Write("$1\r\nv\r\n");
  EXPECT_EQ(Show(read.get()), "v");
  EXPECT_EQ(KindOf(std::move(waits)), FailureKind::kNotSent);
  ASSERT_TRUE(Eventually([&] { return client.GetStats().connected; }));
  ASSERT_EQ(client.GetStats().connects, 2u);
  auto of_the_next = CallLater(client, {"GET", "n"}, testing::kCallTimeout, 2);
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "n"));
  peer_.Write("$1\r\nn\r\n");
  EXPECT_EQ(Show(of_the_next.get()), "n");
}

TEST_F(ConnectionTest, AClientThatWasStoppedBeforeItBeganNeverConnects) {
  std::promise<void> stopped;
  std::unique_ptr<Client> client;
  loop_.Post([&] {
    client = std::make_unique<Client>(&loop_, Options());
    client->Stop();
    // Behind what the client itself has posted.
    loop_.Post([&] { stopped.set_value(); });
  });
  stopped.get_future().wait();
  EXPECT_EQ(client->GetStats().queued_commands, 0u);
  client.reset();
  Client other(&loop_, Options());
  ASSERT_TRUE(Eventually([&] { return other.GetStats().connected; }));
  EXPECT_EQ(peer_.connections(), 1);
}

TEST_F(ConnectionTest, NeverSendsACommandASecondTimeAfterABreak) {
  Client client(&loop_, Options());
  auto lost = CallLater(client, {"INCR", "k"});
  EXPECT_THAT(peer_.Next(), ElementsAre("INCR", "k"));
  peer_.CloseConnections();
  EXPECT_EQ(KindOf(std::move(lost)), FailureKind::kOutcomeUnknown);
  auto next = CallLater(client, {"GET", "k"});
  EXPECT_THAT(peer_.Next(), ElementsAre("GET", "k"));
  peer_.Write("$1\r\n1\r\n");
  EXPECT_EQ(Show(next.get()), "1");
}

}  // namespace
}  // namespace supervision::redis
