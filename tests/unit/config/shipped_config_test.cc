// The shipped files are right, and server.yaml tells about every setting.

#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "services/config/principals.h"
#include "services/config/server_fields.h"
#include "services/config/server_settings.h"
#include "services/config/yaml_loader.h"

namespace supervision::config {
namespace {

constexpr char kFolder[] = SUPERVISION_SOURCE_DIR "/deploy/config/";

std::string Shipped(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

// server.yaml with its commented-out settings put into effect.
std::string Uncommented(const std::string& yaml) {
  const std::regex setting("^  # ([a-z_]+: .+)$");
  std::istringstream lines(yaml);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    result += std::regex_replace(line, setting, "  $1") + "\n";
  }
  return result;
}

TEST(ShippedConfigTest, ServerYamlNamesEverySettingWithItsDefault) {
  v1::ServerConfig config;
  SourceMap source;
  const absl::Status status =
      LoadYamlText(Uncommented(Shipped("server.yaml")), "server.yaml", &config, &source);
  ASSERT_TRUE(status.ok()) << status;
  for (const ServerField& field : ServerFields()) {
    EXPECT_TRUE(source.Has(field.path)) << field.path << " is not in server.yaml";
  }
  v1::ServerConfig expected = DefaultServerConfig();
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(expected, config)) << difference;
}

TEST(ShippedConfigTest, EverySettingOfServerYamlHasASentence) {
  std::istringstream lines(Shipped("server.yaml"));
  const std::regex setting("^  # [a-z_]+: .+$");
  std::string before;
  for (std::string line; std::getline(lines, line); before = line) {
    if (!std::regex_match(line, setting)) continue;
    EXPECT_TRUE(before.starts_with("  # ") && !std::regex_match(before, setting)) << line;
  }
}

TEST(ShippedConfigTest, ServerYamlChangesNothing) {
  const auto settings = LoadServer({std::string(kFolder) + "server.yaml", {}, {}});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->listen.grpc, "127.0.0.1:50051");
  EXPECT_EQ(settings->files.regions, std::string(kFolder) + "regions.tsv");
}

TEST(ShippedConfigTest, PrincipalsAreThoseOfTheReadmeAndMarkedAsExample) {
  const auto loaded = LoadPrincipals(std::string(kFolder) + "principals.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(loaded->example);
  EXPECT_EQ(loaded->count, 8u);
  const auto partner = loaded->directory->Authenticate("example-partner-token");
  ASSERT_NE(partner, nullptr);
  EXPECT_EQ(partner->partner, "hotline-12345");
  const auto second = loaded->directory->Authenticate("example-partner-2-token");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->partner, "petition-office");
  const auto monitor = loaded->directory->Authenticate("example-monitor-token");
  ASSERT_NE(monitor, nullptr);
  EXPECT_EQ(monitor->scope, domain::Scope());
  const auto scoped = loaded->directory->Authenticate("example-monitor-enforcement-token");
  ASSERT_NE(scoped, nullptr);
  EXPECT_EQ(scoped->scope.scenarios.to_ulong(), 1ul << 4);
  EXPECT_THAT(scoped->scope.regions, testing::ElementsAre("3304"));
  EXPECT_NE(loaded->directory->Authenticate("example-operator-token"), nullptr);
  EXPECT_NE(loaded->directory->Authenticate("example-reviewer-token"), nullptr);
  EXPECT_NE(loaded->directory->Authenticate("example-handler-token"), nullptr);
  EXPECT_NE(loaded->directory->Authenticate("example-handler-petition-token"), nullptr);
}

TEST(ShippedConfigTest, ShippedTokensAreKnownAlsoWhenTheMarkIsDeleted) {
  std::string text = Shipped("principals.yaml");
  const size_t mark = text.find("\nexample: true");
  ASSERT_NE(mark, std::string::npos);
  text.erase(mark + 1, std::string("example: true").size());
  const auto loaded = ParsePrincipals(text, "p.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(loaded->example);
}

}  // namespace
}  // namespace supervision::config
