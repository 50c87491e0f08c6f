// A Redis, a disk or a port that the service cannot work with: one sentence that names the setting,
// the problem and the remedy, and it goes on by itself where that is possible.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace supervision::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What the service says of a Redis, as soon as it says `word`; all it says otherwise.
std::string Complaint(TestServer& service, const std::string& word) {
  std::string said;
  Eventually([&] {
    said = absl::StrJoin(service.server().not_ready_because(), " | ");
    return said.find(word) != std::string::npos;
  });
  return said;
}

TestServer::Options With(const std::string& redis, std::vector<std::string> flags = {}) {
  return {.redis = redis, .flags = std::move(flags), .wait_until_ready = false};
}

std::string UnixAddress(const RedisServer& redis) { return "unix:" + redis.path(); }

TEST(RedisTroubleTest, AReplicaIsNoPlaceForClues) {
  RedisServer primary({.durable = true, .tcp = true, .settings = {}});
  RedisServer replica({.durable = true,
                       .tcp = false,
                       .settings = {"--replicaof", "127.0.0.1", std::to_string(primary.port())}});
  TestServer service(With(UnixAddress(replica)));
  EXPECT_THAT(Complaint(service, "replica"),
              AllOf(HasSubstr("redis.address"), HasSubstr("takes no changes"),
                    HasSubstr("give the address of its primary")));
}

TEST(RedisTroubleTest, OneThatWouldDeleteCluesIsTold) {
  RedisServer redis;
  redis.Call({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  TestServer service(With(UnixAddress(redis)));
  EXPECT_THAT(Complaint(service, "maxmemory-policy"),
              AllOf(HasSubstr("maxmemory-policy allkeys-lru"), HasSubstr("would delete clues"),
                    HasSubstr("set it to noeviction")));
}

TEST(RedisTroubleTest, OneThatKeepsNothingIsTold) {
  RedisServer redis({.durable = false, .tcp = false, .settings = {}});
  TestServer service(With(UnixAddress(redis)));
  EXPECT_THAT(Complaint(service, "appendonly"),
              AllOf(HasSubstr("appendonly no"), HasSubstr("a restart loses what was accepted"),
                    HasSubstr("set it to yes")));
}

TEST(RedisTroubleTest, OneThatAsksForAPasswordSaysWhereToPutIt) {
  RedisServer redis({.durable = true, .tcp = false, .settings = {"--requirepass", "offen"}});
  TestServer service(With(UnixAddress(redis), {"--redis.user="}));
  EXPECT_THAT(Complaint(service, "asks for a password"),
              AllOf(HasSubstr("redis.address unix:"), HasSubstr("redis.password_file"),
                    HasSubstr("redis.user")));
}

TEST(RedisTroubleTest, OneThatIsNotThereIsNamedByItsAddress) {
  const TempDir nowhere;
  TestServer service(With("unix:" + nowhere.path() + "/none.sock"));
  EXPECT_THAT(Complaint(service, "cannot be reached"),
              AllOf(HasSubstr("redis.address unix:" + nowhere.path()),
                    HasSubstr("start it, or correct the address")));
}

TEST(RedisTroubleTest, AUserWithTooFewRightsIsToldWhichItNeeds) {
  RedisServer redis;
  redis.Call({"ACL", "SETUSER", kServiceUser, "-script|load"});
  const TempDir directory;
  Replace(directory.path() + "/password", kServicePassword);
  TestServer service(
      With(UnixAddress(redis), {absl::StrCat("--redis.user=", kServiceUser),
                                "--redis.password_file=" + directory.path() + "/password"}));
  EXPECT_THAT(Complaint(service, "does not permit"),
              AllOf(HasSubstr("script|load"), HasSubstr("deploy/redis/users.acl")));
  redis.Call({"ACL", "SETUSER", kServiceUser, "+script|load"});
  redis.Call({"ACL", "LOG", "RESET"});
}

TEST(RedisTroubleTest, AChangedPasswordNeedsNoRestart) {
  RedisServer redis;
  const TempDir directory;
  const std::string file = directory.path() + "/password";
  Replace(file, "falsch\n");
  TestServer service(With(UnixAddress(redis), {absl::StrCat("--redis.user=", kServiceUser),
                                               "--redis.password_file=" + file}));
  EXPECT_THAT(
      Complaint(service, "does not know"),
      AllOf(HasSubstr("redis.user"), HasSubstr("redis.password_file"), Not(HasSubstr("falsch"))));
  Replace(file, absl::StrCat(kServicePassword, "\n"));
  service.WaitUntilReady();

  redis.Call({"ACL", "SETUSER", kServiceUser, "resetpass", ">another"});
  Replace(file, "another\n");
  redis.Call({"CLIENT", "KILL", "USER", kServiceUser});  // whoever is in stays in otherwise
  EXPECT_TRUE(Eventually([&] {
    return redis.Call({"CLIENT", "LIST"}).find(absl::StrCat("user=", kServiceUser)) !=
           std::string::npos;
  }));
  service.WaitUntilReady();
}

TEST(DiskTroubleTest, ADirectoryOfTheWitnessThatCannotBeWrittenIsRefusedAtTheStart) {
  RedisServer redis;
  config::ServerSources sources;
  sources.file = SUPERVISION_SOURCE_DIR "/deploy/config/server.yaml";
  // Of files made by the kernel: nobody can make one there, root neither.
  sources.flags = {"--redis.address=" + UnixAddress(redis), "--redis.data_directory=/proc/self",
                   "--listen.grpc=127.0.0.1:0", "--listen.metrics=off"};
  const auto settings = config::LoadServer(sources);
  ASSERT_TRUE(settings.ok()) << settings.status();
  const auto server = server::Server::New(
      {.settings = *settings, .log = observability::Logger::Null(), .version = "test"});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(std::string((*server)->Start().message()),
              AllOf(HasSubstr("redis.data_directory /proc/self cannot be written in"),
                    HasSubstr("witness"), HasSubstr("name another directory")));
}

TEST(DiskTroubleTest, TooLittleRoomIsNamedByItsSettings) {
  TestServer service(
      {.redis = "", .flags = {"--redis.min_free_disk=1000TiB"}, .wait_until_ready = false});
  EXPECT_THAT(Complaint(service, "room"),
              AllOf(HasSubstr("redis.data_directory"), HasSubstr("redis.min_free_disk"),
                    HasSubstr("make room")));
}

}  // namespace
}  // namespace supervision::testing
