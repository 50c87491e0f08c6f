#include "services/config/server_settings.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/server_fields.h"

namespace supervision::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A folder with a server.yaml, gone with the test.
class ServerSettingsTest : public testing::Test {
 protected:
  ServerSettingsTest()
      : folder_(absl::StrCat(testing::TempDir(), "/server_settings_test.", getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~ServerSettingsTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  ServerSettings Load(const ServerSources& sources) {
    auto settings = LoadServer(sources);
    EXPECT_TRUE(settings.ok()) << settings.status();
    return settings.ok() ? *settings : ServerSettings();
  }

  std::string Mistakes(const ServerSources& sources) {
    const auto settings = LoadServer(sources);
    EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument) << settings.status();
    return std::string(settings.status().message());
  }

  const std::string folder_;
};

TEST_F(ServerSettingsTest, NoSourceGivesDefaultsThatServe) {
  const ServerSettings settings = Load({});
  EXPECT_EQ(settings.listen.grpc, "127.0.0.1:50051");
  EXPECT_EQ(settings.redis.kind, ServerSettings::Redis::Kind::kEmbedded);
  EXPECT_EQ(settings.redis.data_directory, "data");
  EXPECT_EQ(settings.redis.min_free_disk, 256 << 20);
  EXPECT_EQ(settings.redis.command_timeout, absl::Seconds(2));
  EXPECT_EQ(settings.ledger.partitions, 1);
  EXPECT_TRUE(settings.ledger.require_fsync);
  EXPECT_EQ(settings.ledger.log_age, absl::Hours(24 * 90));
  EXPECT_EQ(settings.intake.max_concurrent, 8192);
  EXPECT_EQ(settings.alerting.bookmark_interval, absl::Seconds(5));
  EXPECT_EQ(settings.files.rules, "rules");
  EXPECT_FALSE(settings.log.json);
  EXPECT_EQ(settings.log.level, ServerSettings::Log::Level::kInfo);
  EXPECT_EQ(settings.drain.finish, absl::Seconds(10));
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST_F(ServerSettingsTest, FlagWinsOverEnvironmentWinsOverFileWinsOverDefault) {
  const std::string file =
      Write("server.yaml", "ledger: {partitions: 2, max_batch: 20, max_queued: 200}\n");
  const ServerSettings settings =
      Load({file,
            {"--ledger.partitions=4"},
            {{"SUPERVISION_LEDGER_PARTITIONS", "3"}, {"SUPERVISION_LEDGER_MAX_BATCH", "30"}}});
  EXPECT_EQ(settings.ledger.partitions, 4);
  EXPECT_EQ(settings.ledger.max_batch, 30);
  EXPECT_EQ(settings.ledger.max_queued, 200);
  EXPECT_EQ(settings.ledger.replicas, 0);
}

TEST_F(ServerSettingsTest, EverySettingCanBeSetByFlagAndByVariable) {
  std::set<std::string> variables;
  for (const ServerField& field : ServerFields()) {
    EXPECT_TRUE(variables.insert(field.variable).second) << field.variable << " means two settings";
    const std::string value = field.default_text.empty()  ? "x"
                              : field.default_text == "0" ? "1GiB"
                                                          : field.default_text;
    // Some values are refused for what they mean; none because its name is not known.
    for (const ServerSources& sources : {ServerSources{"", {field.flag + "=" + value}, {}},
                                         ServerSources{"", {}, {{field.variable, value}}}}) {
      const auto settings = LoadServer(sources);
      const std::string told(settings.status().message());
      if (settings.ok()) {
        EXPECT_THAT(settings->effective, Not(HasSubstr("# " + field.path)));
        EXPECT_TRUE(settings->effective.find("# " + field.flag + "\n") != std::string::npos ||
                    settings->effective.find("# " + field.variable + "\n") != std::string::npos)
            << field.path;
      } else {
        EXPECT_THAT(told, Not(HasSubstr("unknown"))) << field.path;
      }
    }
  }
}

TEST_F(ServerSettingsTest, MistakesOfAllSourcesComeAtOnceWithTheirPlaces) {
  const std::string file = Write("server.yaml",
                                 "listen: {grpc: nowhere}\n"
                                 "ledger:\n"
                                 "  partitions: 65\n"
                                 "  log_age: 90 days\n"
                                 "drains: {}\n");
  const std::string told = Mistakes(
      {file,
       {"--redis.database=x", "--ledger.max_batch=0", "--lisen.grpc=x", "--drain.finish", "help"},
       {{"SUPERVISION_LOG_LEVEL", "loud"}}});
  EXPECT_THAT(told,
              AllOf(HasSubstr(file + ":1:16: listen.grpc must be host:port"),
                    HasSubstr(file + ":3:15: ledger.partitions must be 1 to 64"),
                    HasSubstr(file + ":4:12: ledger.log_age must be a duration such as"),
                    HasSubstr(file + ":5:1: unknown key 'drains'; did you mean 'drain'?"),
                    HasSubstr("--redis.database: expected a whole number"),
                    HasSubstr("--ledger.max_batch: must be 1 to 1000"),
                    HasSubstr("'--lisen.grpc': unknown flag; did you mean '--listen.grpc'?"),
                    HasSubstr("--drain.finish: has no value; write --drain.finish=VALUE"),
                    HasSubstr("'help': unknown argument"),
                    HasSubstr("SUPERVISION_LOG_LEVEL: must be debug, info, warning or error")));
}

TEST_F(ServerSettingsTest, EachValueThatCannotBeMeantIsRefused) {
  const char* cases[] = {"listen.grpc=",
                         "listen.grpc=unix:",
                         "listen.grpc=127.0.0.1:65536",
                         "listen.grpc=::1:5",
                         "listen.metrics=9464",
                         "listen.metrics=[::1]:9464",
                         "redis.address=redis",
                         "redis.address=host:0",
                         "redis.data_directory=",
                         "redis.user=x",
                         "redis.password_file=/nonexistent/x",
                         "redis.database=-1",
                         "redis.max_memory=1MiB",
                         "redis.min_free_disk=1GB",
                         "redis.command_timeout=1ms",
                         "ledger.key_prefix=a{b}",
                         "ledger.key_prefix=123456789012345678901234567890123",
                         "ledger.partitions=0",
                         "ledger.durability=NONE",
                         "ledger.replicas=1",
                         "ledger.replicas=9",
                         "ledger.replica_timeout=0s",
                         "ledger.max_queued=0",
                         "ledger.max_queued_bytes=1KiB",
                         "ledger.max_batch=1001",
                         "ledger.max_batch_bytes=1KiB",
                         "ledger.max_batch_bytes=1GiB",
                         "ledger.log_age=0s",
                         "ledger.log_bytes=0",
                         "ledger.accept_lost_ledger=1",
                         "intake.max_concurrent=0",
                         "intake.max_bytes=4MiB",
                         "intake.default_deadline=1h",
                         "intake.retry_delay=0s",
                         "alerting.max_streams=0",
                         "alerting.tail_entries=0",
                         "alerting.tail_bytes=1B",
                         "alerting.bookmark_interval=1ms",
                         "alerting.max_alerts_per_message=4097",
                         "alerting.max_message_bytes=4MiB",
                         "files.catalogue=",
                         "files.rules=",
                         "files.regions=",
                         "files.principals=",
                         "files.model=",
                         "log.format=xml",
                         "log.level=trace",
                         "drain.announce=-1s",
                         "drain.spread=1h",
                         "drain.finish=x",
                         "listen.addresses_file=\xFF"};
  for (const char* value : cases) {
    const std::string flag = absl::StrCat("--", value);
    EXPECT_THAT(Mistakes({"", {flag}, {}}), testing::StartsWith(flag.substr(0, flag.find('='))))
        << value;
  }
}

TEST_F(ServerSettingsTest, AddressesOfRedisAreTakenApart) {
  using Kind = ServerSettings::Redis::Kind;
  ServerSettings settings = Load({"", {"--redis.address=unix:/run/redis.sock"}, {}});
  EXPECT_EQ(settings.redis.kind, Kind::kUnix);
  EXPECT_EQ(settings.redis.path, "/run/redis.sock");
  settings = Load({"", {"--redis.address=redis.example:6379", "--redis.user=sv"}, {}});
  EXPECT_EQ(settings.redis.kind, Kind::kTcp);
  EXPECT_EQ(settings.redis.host, "redis.example");
  EXPECT_EQ(settings.redis.port, 6379);
  EXPECT_EQ(settings.redis.user, "sv");
  settings = Load({"", {"--redis.address=[::1]:6379"}, {}});
  EXPECT_EQ(settings.redis.host, "::1");
}

TEST_F(ServerSettingsTest, PasswordComesFromItsFileAndIsNeverShown) {
  const std::string file = Write("password", "correct horse\n");
  const ServerSettings settings =
      Load({"", {"--redis.address=h:1", "--redis.password_file=" + file}, {}});
  EXPECT_EQ(settings.redis.password, "correct horse");
  EXPECT_THAT(settings.effective, Not(HasSubstr("correct horse")));
}

TEST_F(ServerSettingsTest, RelativeFilesStartAtTheFolderOfServerYaml) {
  const std::string file =
      Write("server.yaml", "files: {rules: mine, regions: /etc/regions.tsv}\n");
  const ServerSettings settings = Load({file, {}, {}});
  EXPECT_EQ(settings.files.catalogue, folder_ + "/catalogue.yaml");
  EXPECT_EQ(settings.files.rules, folder_ + "/mine");
  EXPECT_EQ(settings.files.regions, "/etc/regions.tsv");
}

TEST_F(ServerSettingsTest, EffectiveTextSaysWhereEachValueComesFromAndGivesTheSameAgain) {
  const std::string file = Write("server.yaml",
                                 "ledger:\n"
                                 "  partitions: 2\n"
                                 "listen: {addresses_file: \"a 'b' \\\"c\\\" #\\t\\\\\"}\n");
  const ServerSources sources = {
      file, {"--log.format=json"}, {{"SUPERVISION_INTAKE_RETRY_DELAY", "1s"}}};
  const ServerSettings first = Load(sources);
  EXPECT_THAT(first.effective,
              AllOf(HasSubstr("  partitions: 2  # " + file + ":2\n"),
                    HasSubstr("  format: json  # --log.format\n"),
                    HasSubstr("  retry_delay: 1s  # SUPERVISION_INTAKE_RETRY_DELAY\n"),
                    HasSubstr("  level: info  # default\n"),
                    HasSubstr("  grpc: 127.0.0.1:50051  # default\n"),
                    HasSubstr("  key_prefix: \"\"  # default\n")));
  const ServerSettings again = Load({Write("printed.yaml", first.effective), {}, {}});
  EXPECT_EQ(again.listen.addresses_file, first.listen.addresses_file);
  EXPECT_EQ(again.ledger.partitions, 2);
  EXPECT_TRUE(again.log.json);
  EXPECT_EQ(again.intake.retry_delay, absl::Seconds(1));
}

TEST_F(ServerSettingsTest, VariablesOfOtherProgramsAreIgnoredAndSlipsAreWarnedOf) {
  const ServerSettings settings = Load({"",
                                        {},
                                        {{"SUPERVISION_SERVICE_HOST", "10.0.0.1"},
                                         {"SUPERVISION_TOKEN", "secret"},
                                         {"SUPERVISION_LEDGER_PARTITION", "4"}}});
  EXPECT_THAT(settings.warnings,
              ElementsAre("SUPERVISION_LEDGER_PARTITION: no setting has this name; did you mean "
                          "'SUPERVISION_LEDGER_PARTITIONS'? It is ignored"));
  EXPECT_EQ(settings.ledger.partitions, 1);
}

TEST_F(ServerSettingsTest, FileThatCannotBeReadIsNamed) {
  const auto settings = LoadServer({folder_ + "/none.yaml", {}, {}});
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(settings.status().message()), HasSubstr("none.yaml"));
}

TEST_F(ServerSettingsTest, EnvironmentOfTheProcessIsRead) {
  ASSERT_EQ(setenv("SUPERVISION_LOG_LEVEL", "debug", 1), 0);
  const auto variables = ProcessEnvironment();
  unsetenv("SUPERVISION_LOG_LEVEL");
  EXPECT_THAT(variables, testing::Contains(testing::Pair("SUPERVISION_LOG_LEVEL", "debug")));
  for (const auto& [name, value] : variables) EXPECT_TRUE(name.starts_with("SUPERVISION_"));
}

TEST_F(ServerSettingsTest, ToolsFindTheFilesThatServerYamlNames) {
  const std::string file =
      Write("server.yaml", "files:\n  principals: who/p.yaml\n  tokens: /t.yaml\n");
  for (const std::string& place : {file, folder_}) {
    const auto files = LoadServerFiles(place, {});
    ASSERT_TRUE(files.ok()) << files.status();
    EXPECT_EQ(files->principals, folder_ + "/who/p.yaml");
    EXPECT_EQ(files->tokens, "/t.yaml");
  }
  const auto by_variable = LoadServerFiles(folder_, {{"SUPERVISION_FILES_TOKENS", "/elsewhere"},
                                                     {"SUPERVISION_TOKEN", "not-of-the-service"}});
  ASSERT_TRUE(by_variable.ok()) << by_variable.status();
  EXPECT_EQ(by_variable->tokens, "/elsewhere");
}

TEST_F(ServerSettingsTest, AFolderWithoutServerYamlHasTheUsualFiles) {
  const auto files = LoadServerFiles(folder_, {});
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->principals, folder_ + "/principals.yaml");
  EXPECT_EQ(files->tokens, folder_ + "/tokens.yaml");
}

TEST_F(ServerSettingsTest, ToolsSayWhatIsWrongWithServerYaml) {
  EXPECT_THAT(std::string(LoadServerFiles("/nonexistent/server.yaml", {}).status().message()),
              HasSubstr("/nonexistent/server.yaml"));
  const std::string file = Write("server.yaml", "files:\n  tokns: x\n");
  EXPECT_THAT(std::string(LoadServerFiles(file, {}).status().message()),
              HasSubstr("server.yaml:2"));
}

}  // namespace
}  // namespace supervision::config
