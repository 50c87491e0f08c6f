#include "services/config/yaml_loader.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/type.pb.h"
#include "gtest/gtest.h"
#include "supervision/config/v1/server.pb.h"

namespace supervision::config {
namespace {

using ::supervision::config::v1::PrincipalsConfig;
using ::supervision::config::v1::ServerConfig;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Mistakes(std::string_view text, google::protobuf::Message* message) {
  const absl::Status status = LoadYamlText(text, "f.yaml", message, nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

std::string ServerMistakes(std::string_view text) {
  ServerConfig config;
  return Mistakes(text, &config);
}

TEST(YamlLoaderTest, FillsSectionsListsAndEveryKindOfScalar) {
  ServerConfig server;
  ASSERT_TRUE(LoadYamlText("listen:\n  grpc: 127.0.0.1:1\n"
                           "redis: {database: -2}\n"
                           "ledger:\n  durability: MEMORY\n  accept_lost_ledger: true\n",
                           "f.yaml", &server, nullptr)
                  .ok());
  EXPECT_EQ(server.listen().grpc(), "127.0.0.1:1");
  EXPECT_EQ(server.redis().database(), -2);
  EXPECT_EQ(server.ledger().durability(), v1::DURABILITY_MEMORY);
  EXPECT_TRUE(server.ledger().accept_lost_ledger());

  PrincipalsConfig principals;
  ASSERT_TRUE(
      LoadYamlText("principals:\n"
                   "  - id: a\n    roles: [PARTNER, ROLE_MONITOR]\n    regions: [330424, \"33\"]\n"
                   "  - id: \"7\"\n",
                   "f.yaml", &principals, nullptr)
          .ok());
  ASSERT_EQ(principals.principals_size(), 2);
  EXPECT_THAT(principals.principals(0).roles(), ElementsAre(v1::ROLE_PARTNER, v1::ROLE_MONITOR));
  EXPECT_THAT(principals.principals(0).regions(), ElementsAre("330424", "33"));
  EXPECT_EQ(principals.principals(1).id(), "7");
}

TEST(YamlLoaderTest, FillsMapsNumbersAndBytes) {
  google::protobuf::Struct message;
  ASSERT_TRUE(LoadYamlText("fields:\n  甲: {number_value: 0.5}\n  b: {bool_value: false}\n",
                           "f.yaml", &message, nullptr)
                  .ok());
  EXPECT_EQ(message.fields().at("甲").number_value(), 0.5);
  EXPECT_TRUE(message.fields().at("b").has_bool_value());
}

TEST(YamlLoaderTest, FileWithOnlyCommentsOrEmptySectionsIsEmpty) {
  for (const char* text : {"", "# nothing\n", "listen:\n  # grpc: x\nredis:\n", "---\n"}) {
    ServerConfig config;
    EXPECT_TRUE(LoadYamlText(text, "f.yaml", &config, nullptr).ok()) << text;
    EXPECT_EQ(config.ByteSizeLong(), (config.has_listen() || config.has_redis()) ? 4u : 0u) << text;
  }
}

TEST(YamlLoaderTest, KeepsWhatTheMessageHeld) {
  ServerConfig config;
  config.mutable_listen()->set_grpc("kept");
  ASSERT_TRUE(LoadYamlText("listen: {metrics: off}\n", "f.yaml", &config, nullptr).ok());
  EXPECT_EQ(config.listen().grpc(), "kept");
  EXPECT_EQ(config.listen().metrics(), "off");
}

TEST(YamlLoaderTest, TellsEveryMistakeAtOnceInTheOrderOfLines) {
  EXPECT_EQ(ServerMistakes("lisen:\n"
                           "  grpc: x\n"
                           "redis:\n"
                           "  database: many\n"
                           "  database: 2\n"
                           "ledger:\n"
                           "  durability: FSYNC\n"
                           "  partitions: [1]\n"
                           "  accept_lost_ledger: yes\n"
                           "  log_age:\n"
                           "intake: 5\n"),
            "f.yaml:1:1: unknown key 'lisen'; did you mean 'listen'?\n"
            "f.yaml:4:13: expected a whole number from -2147483648 to 2147483647\n"
            "f.yaml:5:3: key 'database' stands already in line 4; delete one of them\n"
            "f.yaml:7:15: unknown value 'FSYNC'; did you mean 'FSYNCED'?\n"
            "f.yaml:8:3: expected a single value, found a list\n"
            "f.yaml:9:23: expected true or false\n"
            "f.yaml:10:3: has no value; write one, or delete the line\n"
            "f.yaml:11:9: expected a section of 'key: value' lines, found a single value");
}

TEST(YamlLoaderTest, UnknownKeyThatIsNearNothingListsWhatMayStand) {
  EXPECT_EQ(ServerMistakes("drain: {completely_other: 1}\n"),
            "f.yaml:1:9: unknown key 'completely_other'; write one of announce, spread, finish");
}

TEST(YamlLoaderTest, UnspecifiedIsNoValueOfAnEnum) {
  for (const char* name : {"DURABILITY_UNSPECIFIED", "UNSPECIFIED", "fsynced", "2"}) {
    EXPECT_THAT(ServerMistakes(absl::StrCat("ledger: {durability: ", name, "}\n")),
                HasSubstr("unknown value"))
        << name;
  }
}

TEST(YamlLoaderTest, NumbersOutOfRangeQuotedOrFractionalAreRefused) {
  for (const char* number : {"2147483648", "1.5", "\"1\"", "0x10", "1e3", "+1", "''", "1 000"}) {
    EXPECT_THAT(ServerMistakes(absl::StrCat("redis: {database: ", number, "}\n")),
                HasSubstr("expected a whole number"))
        << number;
  }
}

TEST(YamlLoaderTest, RealNumbersThatAreNoneAreRefused) {
  for (const char* number : {".nan", "nan", ".inf", "inf", "1e999", "\"1\"", "x"}) {
    google::protobuf::Value value;
    EXPECT_THAT(Mistakes(absl::StrCat("number_value: ", number, "\n"), &value),
                HasSubstr("expected a number"))
        << number;
  }
}

TEST(YamlLoaderTest, ListWhereNoneIsAndNoneWhereOneIs) {
  PrincipalsConfig config;
  EXPECT_EQ(Mistakes("principals:\n  - roles: PARTNER\n  - 7\nexample: {}\n", &config),
            "f.yaml:2:12: expected a list, each entry after '- ', found a single value\n"
            "f.yaml:3:5: expected a section of 'key: value' lines, found a single value\n"
            "f.yaml:4:1: expected a single value, found a section of 'key: value' lines");
}

TEST(YamlLoaderTest, TwoFieldsOfWhichOneMayStandAreRefused) {
  google::protobuf::Value value;
  EXPECT_EQ(Mistakes("string_value: a\nbool_value: true\n", &value),
            "f.yaml:2:13: only one of 'string_value' and 'bool_value' may stand here; delete the "
            "other");
}

TEST(YamlLoaderTest, AnchorsAliasesAndTagsAreRefused) {
  EXPECT_EQ(ServerMistakes("listen: &a {grpc: x}\nredis: *a\n"),
            "f.yaml:1:9: anchors (&name) are not used here; delete it");
  EXPECT_THAT(ServerMistakes("listen: !!map {grpc: x}\n"), HasSubstr("tags (!name)"));
  EXPECT_THAT(ServerMistakes("listen:\n  grpc: *x\n"), StartsWith("f.yaml:2:"));
}

TEST(YamlLoaderTest, SyntaxErrorsNameThePlace) {
  for (const char* text : {"listen: [\n", "a: b: c\n", "\t- x\n", "a: {b\n", "- }",
                           "%YAML 9.9\n---\na", "? - a\n: b\n"}) {
    EXPECT_THAT(ServerMistakes(text), StartsWith("f.yaml:")) << text;
  }
}

TEST(YamlLoaderTest, QuoteThatIsNeverClosedIsRefused) {
  for (const char* text : {"listen:\n  grpc: 'x\n", "listen:\n  grpc: \"x\\\"\n",
                           "listen:\n  grpc: 'it''s\n", "\xEF\xBB\xBFlisten:\n  grpc: 'x\n"}) {
    EXPECT_THAT(ServerMistakes(text), StartsWith("f.yaml:2:9: this quote is never closed")) << text;
  }
}

TEST(YamlLoaderTest, SecondDocumentIsRefused) {
  EXPECT_EQ(ServerMistakes("listen: {}\n---\nredis: {}\n"),
            "f.yaml:2:1: a second document begins here; keep one in a file");
}

TEST(YamlLoaderTest, TextThatIsNotUtf8IsRefusedWithItsPlace) {
  EXPECT_EQ(ServerMistakes("listen:\n  grpc: a\xFF\n"),
            "f.yaml:2:10: the file is not UTF-8; save it as UTF-8");
  EXPECT_EQ(ServerMistakes(std::string("a\0b", 3)),
            "f.yaml:1:2: the file holds a NUL byte; save it as text");
}

TEST(YamlLoaderTest, DeepNestingIsRefusedBeforeItCosts) {
  for (const char* open : {"[", "- ", "{a: "}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += open;
    const std::string mistakes = ServerMistakes(text);
    EXPECT_TRUE(mistakes.find("deep") != std::string::npos ||
                mistakes.find("key is missing") != std::string::npos)
        << mistakes;
  }
  EXPECT_THAT(ServerMistakes(std::string(40, '[') + std::string(40, ']')),
              HasSubstr("nested more than 32 deep"));
}

TEST(YamlLoaderTest, TooLongTextIsRefused) {
  EXPECT_THAT(ServerMistakes(std::string((4 << 20) + 1, '#')), HasSubstr("split it"));
}

TEST(YamlLoaderTest, MistakesBeyondTheLimitAreCounted) {
  std::string text;
  for (int i = 0; i < 150; ++i) absl::StrAppend(&text, "unknown_", i, ": 1\n");
  EXPECT_THAT(ServerMistakes(text), HasSubstr("\nand 50 more"));
}

TEST(YamlLoaderTest, SourceMapFindsFieldsAndTheNearestAround) {
  PrincipalsConfig config;
  SourceMap source;
  ASSERT_TRUE(LoadYamlText("principals:\n  - id: a\n    regions:\n      - '33'\n      - '3304'\n",
                           "p.yaml", &config, &source)
                  .ok());
  EXPECT_EQ(source.file(), "p.yaml");
  EXPECT_EQ(source.Find("principals[0].regions[1]"), (Position{5, 9}));
  EXPECT_EQ(source.Find("principals[0].partner"), (Position{2, 5}));
  EXPECT_EQ(source.Find("example"), (Position{1, 1}));
  EXPECT_TRUE(source.Has("principals[0].id"));
  EXPECT_FALSE(source.Has("principals[0].partner"));
}

TEST(YamlLoaderTest, ChecksOfMeaningJoinTheMistakesOfFormWithoutRepeatingThem) {
  ServerConfig config;
  SourceMap source;
  Problems problems;
  ASSERT_TRUE(ReadYaml("redis:\n  database: many\nledger:\n  key_prefix: '*'\n", "f.yaml", &config,
                       &source, &problems));
  problems.Add(source, "ledger.key_prefix", "has a character that may not be in it");
  problems.Add(source, "redis.database", "must not be negative");  // follows from the first
  EXPECT_EQ(problems.ToStatus().message(),
            "f.yaml:2:13: expected a whole number from -2147483648 to 2147483647\n"
            "f.yaml:4:15: has a character that may not be in it");
}

TEST(YamlLoaderTest, ReadsFilesAndNamesThoseItCannotRead) {
  const std::string path = testing::TempDir() + "/yaml_loader_test.yaml";
  std::ofstream(path) << "listen: {grpc: a}\nnonsense: 1\n";
  ServerConfig config;
  EXPECT_THAT(std::string(LoadYamlFile(path, &config, nullptr).message()),
              StartsWith(path + ":2:1: unknown key"));
  std::filesystem::remove(path);
  EXPECT_EQ(LoadYamlFile(path, &config, nullptr).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadYamlFile(testing::TempDir(), &config, nullptr).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace supervision::config
