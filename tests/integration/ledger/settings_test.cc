// Whether Redis can keep the promise "durable before answered", and how it is said when not.
#include "services/ledger/settings.h"

#include "tests/integration/ledger/ledger_fixture.h"

namespace supervision::ledger {
namespace {

using ::testing::Contains;
using testing::ExampleSubmission;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::OptionsFor;
using testing::TestLedger;

bool WaitShortfall(TestLedger& ledger, const std::string& words) {
  return testing::Eventually([&] {
    for (const std::string& sentence : ledger->state().shortfalls) {
      if (sentence.find(words) != std::string::npos) return true;
    }
    return false;
  });
}

TEST(SettingsTest, AVolatileRedisIsRefusedUnlessThePromiseIsLowered) {
  testing::RedisServer server({.durable = false, .tcp = false, .settings = {}});
  {
    TestLedger ledger(OptionsFor(server));
    ASSERT_TRUE(WaitShortfall(ledger, "appendonly no"));
    EXPECT_FALSE(ledger->state().ready);
    EXPECT_THAT(ledger.Submit(ExampleSubmission("1")),
                FailsWith(domain::Reason::kLedgerUnavailable));
  }
  Ledger::Options lowered = OptionsFor(server);
  lowered.require_fsync = false;
  TestLedger ledger(lowered);
  ASSERT_TRUE(ledger.WaitReady());
  EXPECT_FALSE(ledger->state().durable);
  const auto receipt = ledger.Submit(ExampleSubmission("1"));
  ASSERT_TRUE(receipt.ok());
  EXPECT_FALSE(receipt->durability.fsynced) << "the answer says what was reached";
}

TEST(SettingsTest, EachSettingIsWatchedWhileTheServiceRuns) {
  testing::RedisServer server;
  Ledger::Options options = OptionsFor(server);
  options.check_interval = absl::Milliseconds(50);
  TestLedger ledger(options);
  ASSERT_TRUE(ledger.WaitReady());
  const struct {
    const char* name;
    const char* bad;
    const char* good;
  } settings[] = {{"appendfsync", "everysec", "always"},
                  {"no-appendfsync-on-rewrite", "yes", "no"},
                  {"aof-load-truncated", "yes", "no"},
                  {"maxmemory-policy", "allkeys-lru", "noeviction"}};
  for (const auto& setting : settings) {
    SCOPED_TRACE(setting.name);
    server.Call({"CONFIG", "SET", setting.name, setting.bad});
    EXPECT_TRUE(WaitShortfall(ledger, setting.name));
    EXPECT_FALSE(ledger->state().ready);
    server.Call({"CONFIG", "SET", setting.name, setting.good});
    EXPECT_TRUE(ledger.WaitReady());
  }
}

TEST(SettingsTest, WithoutTheRightToConfigItSaysWhatItCannotSee) {
  testing::RedisServer server;
  server.Call({"ACL", "SETUSER", "service", "on", ">secret", "~*", "&*", "+@all", "-config"});
  Ledger::Options options = OptionsFor(server);
  options.address.user = "service";
  options.address.password = "secret";
  TestLedger ledger(options);
  EXPECT_TRUE(WaitShortfall(ledger, "+config|get"));
  EXPECT_FALSE(ledger->state().ready);
}

TEST(SettingsTest, ChangesOfReadinessAreToldOnce) {
  testing::RedisServer server;
  redis::Loop loop;
  prometheus::Registry registry;
  Ledger::Options options = OptionsFor(server);
  options.check_interval = absl::Milliseconds(20);
  std::atomic<int> told = 0;
  Ledger ledger(&loop, base::Clock::System(), observability::Logger::Null(), &registry, options);
  ledger.OnStateChange([&told] { ++told; });
  ASSERT_TRUE(testing::Eventually([&] { return ledger.state().ready; }));
  std::promise<void> told_that;  // the state can be read before it is told of, on the loop's thread
  loop.Post([&told_that] { told_that.set_value(); });
  told_that.get_future().wait();
  const int when_ready = told;
  server.Call({"CONFIG", "SET", "appendfsync", "no"});
  ASSERT_TRUE(testing::Eventually([&] { return told == when_ready + 1; }));
  EXPECT_FALSE(ledger.state().ready);
}

TEST(SettingsTest, WhatKeepsItFromBeingReadyIsLoggedOnceWhileItLasts) {
  testing::RedisServer server;
  redis::Loop loop;
  prometheus::Registry registry;
  Ledger::Options options = OptionsFor(server);
  options.check_interval = absl::Milliseconds(20);
  ::testing::internal::CaptureStderr();
  {
    observability::Logger log(observability::Logger::Format::kText,
                              observability::Logger::Level::kWarning);
    Ledger ledger(&loop, base::Clock::System(), &log, &registry, options);
    EXPECT_TRUE(testing::Eventually([&] { return ledger.state().ready; }));
    server.Call({"CONFIG", "SET", "appendfsync", "no"});
    EXPECT_TRUE(testing::Eventually([&] { return !ledger.state().ready; }));
    const auto checks = [&server] {
      const std::string stats = server.Call({"INFO", "commandstats"});
      const std::string mark = "cmdstat_config|get:calls=";
      const size_t at = stats.find(mark);
      return at == std::string::npos ? 0 : std::atoi(stats.c_str() + at + mark.size());
    };
    const int first = checks();
    EXPECT_TRUE(testing::Eventually([&] { return checks() >= first + 3; }));
  }
  const std::string logged = ::testing::internal::GetCapturedStderr();
  const std::string mark = "Redis has appendfsync no";
  const size_t once = logged.find(mark);
  EXPECT_NE(once, std::string::npos) << logged;
  EXPECT_EQ(logged.find(mark, once + 1), std::string::npos) << logged;
}

redis::Result Info(const std::string& text) {
  redis::Reply reply;
  reply.type = redis::Reply::Type::kString;
  reply.text = text;
  return reply;
}

TEST(SettingsTest, AnOldRedisIsAnObstacle) {
  const auto settings = JudgeSettings(Info("redis_version:6.2.9\r\nrole:master\r\n"),
                                      redis::Failure{redis::FailureKind::kNotAllowed, "NOPERM"},
                                      redis::Failure{redis::FailureKind::kNotAllowed, "NOPERM"}, 0);
  ASSERT_TRUE(settings.ok());
  EXPECT_THAT(settings->obstacles,
              Contains(::testing::AllOf(HasSubstr("redis.address"), HasSubstr("6.2.9"),
                                        HasSubstr("too old"), HasSubstr("install 7.0 or newer"))));
}

TEST(SettingsTest, AFailedWriteOfTheFileIsAShortfall) {
  const auto settings =
      JudgeSettings(Info("redis_version:7.0.15\r\nrole:master\r\naof_last_write_status:err\r\n"
                         "master_replid2:0000000000000000000000000000000000000000\r\n"),
                    redis::Failure{redis::FailureKind::kNotAllowed, "NOPERM"},
                    redis::Failure{redis::FailureKind::kNotAllowed, "NOPERM"}, 0);
  ASSERT_TRUE(settings.ok());
  EXPECT_THAT(settings->shortfalls, Contains(HasSubstr("could not write")));
  EXPECT_THAT(settings->obstacles, IsEmpty());
  EXPECT_EQ(settings->promotion, "");
}

TEST(SettingsTest, EachWayOfBeingAwayHasItsRemedy) {
  const struct {
    const char* error;
    const char* remedy;
  } cases[] = {
      {"PING was refused: NOAUTH Authentication required.", "name that in redis.password_file"},
      {"AUTH was refused: WRONGPASS", "correct redis.user"},
      {"AUTH was refused: ERR", "delete redis.password_file"},
      {"SELECT was refused: ERR DB index is out of range", "redis.database"},
      {"PING was refused: LOADING Redis is loading the dataset in memory", "will answer"},
      {"SCRIPT was refused: NOPERM no permissions", "the rights of deploy/redis/users.acl"},
      {"connection refused", "start it, or correct the address"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(WhyUnreachable("host:6379", one.error),
                ::testing::AllOf(HasSubstr("redis.address host:6379"), HasSubstr(one.remedy)));
  }
}

}  // namespace
}  // namespace supervision::ledger
