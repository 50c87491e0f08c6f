#include "services/config/tokens_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/principals.h"

namespace supervision::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kPrincipals[] = R"(
principals:
  - id: leader
    roles: [MONITOR, REVIEWER]
    regions: ["3304"]
    certificates: ["URI:spiffe://example/leader"]
)";

class TokensTest : public ::testing::Test {
 protected:
  TokensTest() : folder_(absl::StrCat(testing::TempDir(), "/tokens_test.", getpid())) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/principals.yaml") << kPrincipals;
  }
  ~TokensTest() override { std::filesystem::remove_all(folder_); }

  NewToken Give(TokenRecord draft) {
    draft.principal = "leader";
    draft.created_at = absl::FromUnixSeconds(1'700'000'000);
    return MakeToken(std::move(draft));
  }
  void Save(const std::vector<TokenRecord>& tokens) {
    const auto file = TokensFile::Open(file_, principals_);
    ASSERT_TRUE(file.ok()) << file.status();
    (*file)->tokens() = tokens;
    ASSERT_TRUE((*file)->Save().ok());
  }
  std::shared_ptr<const security::PrincipalDirectory> Load(const std::vector<TokenRecord>& tokens) {
    Save(tokens);
    const auto loaded = LoadPrincipals(principals_, file_);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded->directory;
  }

  const std::string folder_;
  const std::string principals_ = folder_ + "/principals.yaml";
  const std::string file_ = folder_ + "/tokens.yaml";
};

TEST_F(TokensTest, AnIssuedTokenIsItsPrincipalsAndStandsNowhere) {
  const NewToken made = Give({.note = "gateway"});
  const auto directory = Load({made.record});
  const auto found = directory->Authenticate(made.text);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, "leader");
  EXPECT_EQ(directory->Authenticate(made.text.substr(0, made.text.size() - 1)), nullptr);
  EXPECT_EQ(directory->Authenticate(made.text + "0"), nullptr);
  std::ifstream file(file_);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_THAT(text, Not(HasSubstr(made.text.substr(21))));
}

TEST_F(TokensTest, TheFileIsForOwnerAndGroupWhateverTheUmask) {
  for (const mode_t mask : {0000, 0077}) {
    std::filesystem::remove(file_);
    const mode_t before = umask(mask);
    Save({Give({}).record});
    umask(before);
    struct stat about = {};
    ASSERT_EQ(stat(file_.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0640u);
  }
}

TEST_F(TokensTest, ANewFileBelongsToThoseWhoReadThePrincipals) {
  constexpr gid_t kSomeGroup = 12345;
  const bool may_give = chown(principals_.c_str(), static_cast<uid_t>(-1), kSomeGroup) == 0;
  Save({Give({}).record});
  Save({Give({}).record});  // and one that is there stays whose it was
  struct stat about = {};
  ASSERT_EQ(stat(file_.c_str(), &about), 0);
  EXPECT_EQ(about.st_gid, may_give ? kSomeGroup : getegid());
}

// As where replicas share a volume: what is revoked is so for all that read the file behind it.
TEST_F(TokensTest, AFileBehindALinkIsWhatChanges) {
  const std::string shared = folder_ + "/shared";
  std::filesystem::create_directory(shared);
  std::filesystem::create_symlink("shared/tokens.yaml", file_);
  Save({Give({}).record});  // the first makes it
  Save({Give({}).record, Give({}).record});
  EXPECT_TRUE(std::filesystem::is_symlink(file_));
  const auto tokens = LoadTokens(shared + "/tokens.yaml");
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_THAT(*tokens, SizeIs(2));
}

TEST_F(TokensTest, TwoToolsAtOnceLoseNothingOfEachOther) {
  constexpr int kEach = 20;
  const auto issue = [this] {
    for (int i = 0; i < kEach; ++i) {
      const auto file = TokensFile::Open(file_, principals_, absl::Seconds(30));
      ASSERT_TRUE(file.ok()) << file.status();
      (*file)->tokens().push_back(Give({}).record);
      ASSERT_TRUE((*file)->Save().ok());
    }
  };
  std::thread other(issue);
  issue();
  other.join();
  EXPECT_THAT(*LoadTokens(file_), SizeIs(2 * kEach));
}

TEST_F(TokensTest, WhoWaitsForAnotherToolInVainIsTold) {
  const auto first = TokensFile::Open(file_, principals_);
  ASSERT_TRUE(first.ok());
  const auto second = TokensFile::Open(file_, principals_, absl::Milliseconds(50));
  EXPECT_THAT(std::string(second.status().message()),
              ::testing::AllOf(HasSubstr(file_), HasSubstr("another command"), HasSubstr("again")));
}

TEST_F(TokensTest, OneThatIsTakenOutIsNobodys) {
  const NewToken kept = Give({});
  const NewToken revoked = Give({});
  const auto before = Load({kept.record, revoked.record});
  const auto found = before->Authenticate(revoked.text);
  ASSERT_NE(found, nullptr);
  const auto after = Load({kept.record});
  EXPECT_EQ(after->Authenticate(revoked.text), nullptr);
  EXPECT_EQ(after->Again(found->credential, absl::Now()), nullptr);
  EXPECT_NE(after->Authenticate(kept.text), nullptr);
}

TEST_F(TokensTest, OneThatHasRunOutIsNobodys) {
  const NewToken made = Give({.expires_at = absl::FromUnixSeconds(1'800'000'000)});
  const auto directory = Load({made.record});
  EXPECT_NE(directory->Authenticate(made.text, absl::FromUnixSeconds(1'799'999'999)), nullptr);
  EXPECT_EQ(directory->Authenticate(made.text, absl::FromUnixSeconds(1'800'000'000)), nullptr);
}

TEST_F(TokensTest, AScopeNarrowsAndNeverWidens) {
  TokenRecord draft;
  draft.roles.set(static_cast<size_t>(security::Role::kMonitor));
  draft.roles.set(static_cast<size_t>(security::Role::kAdmin));
  draft.scenarios.set(4);
  draft.regions = {"330402", "33"};
  const NewToken made = Give(draft);
  const auto found = Load({made.record})->Authenticate(made.text);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->roles.to_ulong(), 1ul << static_cast<int>(security::Role::kMonitor));
  EXPECT_EQ(found->scope.scenarios.to_ulong(), 1ul << 4);
  EXPECT_THAT(found->scope.regions, ::testing::UnorderedElementsAre("330402", "3304"));
}

TEST_F(TokensTest, OneWithNothingLeftOrOfAPrincipalThatIsGoneIsVoidAndStopsNobody) {
  NewToken elsewhere = Give({.regions = {"11"}});
  NewToken gone = Give({});
  gone.record.principal = "nobody";
  Save({elsewhere.record, gone.record});
  const auto loaded = LoadPrincipals(principals_, file_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->void_tokens, 2u);
  EXPECT_EQ(loaded->directory->Authenticate(elsewhere.text), nullptr);
}

TEST_F(TokensTest, WhatIsWrittenIsReadAgain) {
  TokenRecord draft{.expires_at = absl::FromUnixSeconds(1'800'000'000), .note = "网关 2"};
  draft.roles.set(static_cast<size_t>(security::Role::kReviewer));
  draft.regions = {"3304"};
  const std::string text = TokensText({Give(draft).record});
  const auto read = ParseTokens(text, "tokens.yaml");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(*read, SizeIs(1));
  EXPECT_EQ(TokensText(*read), text);
}

TEST_F(TokensTest, AMissingFileHasNoTokensAndAWrongOneIsTold) {
  EXPECT_THAT(*LoadTokens(folder_ + "/missing.yaml"), SizeIs(0));
  const auto wrong = ParseTokens("tokens:\n  - id: short\n    hash: x\n", "tokens.yaml");
  EXPECT_THAT(std::string(wrong.status().message()),
              ::testing::AllOf(HasSubstr("tokens.yaml:2"), HasSubstr("16 hex digits"),
                               HasSubstr("<SHA-256, 64 hex digits>")));
}

}  // namespace
}  // namespace supervision::config
