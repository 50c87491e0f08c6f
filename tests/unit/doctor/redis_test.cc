#include "services/doctor/redis.h"

#include "services/base/clock.h"
#include "services/redis/embedded.h"
#include "tests/support/redis_server.h"
#include "tests/unit/doctor/doctor_fixture.h"

namespace supervision::doctor {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RedisServer;

class RedisCheckTest : public DoctorTest {
 protected:
  RedisCheckTest() {
    settings_.redis.user = testing::kServiceUser;
    settings_.redis.password = testing::kServicePassword;
  }
  const std::vector<Finding>& Look(const RedisServer& server,
                                   const base::Clock* clock = base::Clock::System()) {
    settings_.redis.kind = config::ServerSettings::Redis::Kind::kUnix;
    settings_.redis.path = server.path();
    CheckRedis(settings_, clock, &findings_);
    return findings_.all();
  }
};

TEST_F(RedisCheckTest, AGoodOneIsFine) {
  RedisServer server({.durable = true, .tcp = false, .settings = {"--maxmemory", "1gb"}});
  EXPECT_THAT(
      Look(server),
      ElementsAre(Is(Grade::kOk, AllOf(HasSubstr(server.path()), HasSubstr("version 7"))),
                  Is(Grade::kOk, HasSubstr("none yet")), Is(Grade::kOk, HasSubstr("agrees"))));
}

TEST_F(RedisCheckTest, OneThatEvictsOrKeepsNothingFailsWithEachSetting) {
  RedisServer server({.durable = false, .tcp = false, .settings = {}});
  server.Call({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  const auto& found = Look(server);
  EXPECT_THAT(found, Contains(Is(Grade::kFail, HasSubstr("appendonly no"))));
  EXPECT_THAT(found, Contains(Is(Grade::kFail, HasSubstr("maxmemory-policy allkeys-lru"))));
}

TEST_F(RedisCheckTest, WhereMemoryIsPromisedAVolatileOneOnlyWarns) {
  RedisServer server({.durable = false, .tcp = false, .settings = {}});
  settings_.ledger.require_fsync = false;
  EXPECT_THAT(Look(server), Contains(Is(Grade::kWarn, AllOf(HasSubstr("appendonly no"),
                                                            HasSubstr("ledger.durability")))));
}

TEST_F(RedisCheckTest, AReplicaFails) {
  RedisServer primary({.durable = true, .tcp = true, .settings = {}});
  RedisServer replica({.durable = true,
                       .tcp = false,
                       .settings = {"--replicaof", "127.0.0.1", std::to_string(primary.port())}});
  EXPECT_THAT(
      Look(replica),
      Contains(Is(Grade::kFail, AllOf(HasSubstr("is a replica"), HasSubstr("its primary")))));
}

TEST_F(RedisCheckTest, TooFewReplicasFail) {
  RedisServer server;
  settings_.ledger.replicas = 1;
  EXPECT_THAT(Look(server), Contains(Is(Grade::kFail, HasSubstr("1 replicas are asked for"))));
}

TEST_F(RedisCheckTest, OneThatAsksForAPasswordFails) {
  RedisServer server({.durable = true, .tcp = false, .settings = {"--requirepass", "offen"}});
  settings_.redis.user.clear();
  settings_.redis.password.clear();
  EXPECT_THAT(Look(server), ElementsAre(Is(Grade::kFail, AllOf(HasSubstr("asks for a password"),
                                                               HasSubstr("redis.password_file")))));
}

TEST_F(RedisCheckTest, OneThatIsNotThereFails) {
  RedisServer server;
  server.Shutdown();
  EXPECT_THAT(Look(server), ElementsAre(Is(Grade::kFail, AllOf(HasSubstr("cannot be reached"),
                                                               HasSubstr(server.path())))));
}

TEST_F(RedisCheckTest, AUserWithTooFewRightsFailsWithTheRight) {
  RedisServer server;
  server.Call({"ACL", "SETUSER", testing::kServiceUser, "-script|load"});
  EXPECT_THAT(Look(server), ElementsAre(Is(Grade::kFail, HasSubstr("script|load"))));
  server.Call({"ACL", "LOG", "RESET"});
}

TEST_F(RedisCheckTest, AClockThatIsApartWarns) {
  RedisServer server;
  const base::FakeClock clock(absl::Now() - absl::Minutes(10));
  EXPECT_THAT(Look(server, &clock),
              Contains(Is(Grade::kWarn, AllOf(HasSubstr("10m"), HasSubstr("ahead of")))));
}

TEST_F(RedisCheckTest, OneWithoutAMemoryLimitWarns) {
  RedisServer server;
  EXPECT_THAT(Look(server), Contains(Is(Grade::kWarn, AllOf(HasSubstr("has no memory limit"),
                                                            HasSubstr("set redis.max_memory")))));
}

TEST_F(RedisCheckTest, AFullMemoryWarns) {
  RedisServer server({.durable = true, .tcp = false, .settings = {"--maxmemory", "2mb"}});
  for (int i = 0; i < 20; ++i) {  // until it takes no more
    server.Call({"SET", std::to_string(i), std::string(100 << 10, 'x')});
  }
  EXPECT_THAT(Look(server), Contains(Is(Grade::kWarn, HasSubstr("MiB of 2 MiB are used"))));
}

TEST_F(RedisCheckTest, ANewerLedgerFails) {
  RedisServer server;
  server.Call({"HSET", "sv:{0}:ledger", "schema", "99"});
  EXPECT_THAT(
      Look(server),
      Contains(Is(Grade::kFail, AllOf(HasSubstr("schema 99"), HasSubstr("install the newer")))));
}

TEST_F(RedisCheckTest, TheEmbeddedOneIsAskedWhereItsServiceRuns) {
  CheckRedis(settings_, base::Clock::System(), &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kOk, HasSubstr("not running now"))));
  redis::EmbeddedRedis::Options options;
  options.data_directory = data_;
  const auto service = redis::EmbeddedRedis::Start(options);
  ASSERT_TRUE(service.ok()) << service.status();
  Findings running;
  CheckRedis(settings_, base::Clock::System(), &running);
  EXPECT_THAT(running.all(), Contains(Is(Grade::kOk, HasSubstr("durable"))));
}

}  // namespace
}  // namespace supervision::doctor
