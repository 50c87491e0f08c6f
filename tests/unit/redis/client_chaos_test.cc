// Threads send without pause while Redis is killed, frozen and robbed of its scripts and
// connections, at random. Whatever happens, the promises of client.h's comment hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "services/redis/client.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_calls.h"
#include "tests/support/redis_server.h"

namespace supervision::redis {
namespace {

using ::supervision::testing::Eventually;
using ::supervision::testing::RedisServer;

constexpr int kThreads = 4;
constexpr int kRounds = 30;
constexpr int64_t kMostInFlight = 200;

uint64_t Seed() {
  const char* const given = std::getenv("SUPERVISION_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "SUPERVISION_SEED=" << seed << std::endl;
  return seed;
}

const Script& Count() {
  static const Script script("#!lua\nreturn {ARGV[1], redis.call('INCR', KEYS[1])}");
  return script;
}

// What one sending thread and the callbacks of its commands count.
struct Sender {
  std::atomic<int64_t> sent = 0;
  std::atomic<int64_t> done = 0;     // took effect, for certain
  std::atomic<int64_t> unknown = 0;  // may have taken effect
  std::atomic<int64_t> refused = 0;  // certainly did not
  std::atomic<int64_t> answered_twice = 0;
  std::atomic<int64_t> of_another = 0;  // an answer that belongs to another command
  std::atomic<int64_t> in_flight = 0;
};

void Answered(Sender* sender, const std::shared_ptr<std::atomic<int>>& calls,
              const std::string& token, const Result& result) {
  sender->answered_twice += calls->fetch_add(1) != 0;
  if (result.ok()) {
    ++sender->done;
    const Reply& reply = result.reply();
    sender->of_another += !(reply.elements.size() == 2 && reply.elements[0].text == token);
  } else if (result.failure().kind == FailureKind::kOutcomeUnknown) {
    ++sender->unknown;
  } else {
    ++sender->refused;
  }
  --sender->in_flight;
}

void SendUntil(const std::atomic<bool>& end, Client* client, int thread, uint64_t seed,
               Sender* sender) {
  std::mt19937_64 random(seed);
  const std::string key = "count" + std::to_string(thread);
  while (!end) {
    if (sender->in_flight >= kMostInFlight) {
      std::this_thread::yield();
      continue;
    }
    ++sender->in_flight;
    const std::string token = std::to_string(thread) + ":" + std::to_string(++sender->sent);
    // Now and then one that is too short, which costs the connection.
    const auto timeout = absl::Milliseconds(random() % 3000 == 0 ? random() % 3 : 5000);
    client->Run(Count(), {key}, {token}, timeout,
                [sender, token, calls = std::make_shared<std::atomic<int>>(0)](Result result) {
                  Answered(sender, calls, token, result);
                });
  }
}

void Disturb(RedisServer* server, std::mt19937_64* random) {
  switch ((*random)() % 4) {
    case 0:
      return server->Restart();
    case 1:
      server->Freeze();
      std::this_thread::yield();
      return server->Thaw();
    case 2:
      server->Call({"SCRIPT", "FLUSH"});
      return;
    default:
      server->Call({"CLIENT", "KILL", "TYPE", "normal"});
  }
}

TEST(ClientChaosTest, EveryCommandIsAnsweredOnceWithItsOwnAnswerAndTheTruth) {
  std::mt19937_64 random(Seed());
  RedisServer server;  // durable: what was answered survives kill -9
  std::array<Sender, kThreads> senders;
  {
    Loop loop;
    Client::Options options;
    options.address.unix_path = server.path();
    options.scripts = {&Count()};
    options.reconnect_maximum = absl::Milliseconds(20);
    Client client(&loop, options);
    std::atomic<bool> end = false;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t, seed = random()] {
        SendUntil(end, &client, t, seed, &senders[static_cast<size_t>(t)]);
      });
    }
    for (int round = 0; round < kRounds; ++round) {
      const int64_t before = senders[0].done;
      // Each disturbance meets a client at work, which also shows that it always comes back.
      EXPECT_TRUE(Eventually([&] { return senders[0].done > before + 20; })) << "round " << round;
      Disturb(&server, &random);
    }
    end = true;
    for (std::thread& thread : threads) thread.join();
    client.Stop();
  }
  for (int t = 0; t < kThreads; ++t) {
    const Sender& sender = senders[static_cast<size_t>(t)];
    const std::string counted = server.Call({"GET", "count" + std::to_string(t)});
    const int64_t effects = std::atoll(counted.substr(counted.find('\n') + 1).c_str());
    EXPECT_EQ(sender.done + sender.unknown + sender.refused, sender.sent);
    EXPECT_EQ(sender.answered_twice, 0);
    EXPECT_EQ(sender.of_another, 0);
    EXPECT_GE(effects, sender.done);
    EXPECT_LE(effects, sender.done + sender.unknown);
    std::cout << "thread " << t << ": " << sender.sent << " sent, " << sender.done << " done, "
              << sender.unknown << " unknown, " << sender.refused << " refused, " << effects
              << " effects\n";
  }
}

}  // namespace
}  // namespace supervision::redis
