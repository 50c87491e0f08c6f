#include "services/security/principal.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/base/hash.h"

namespace supervision::security {
namespace {

TokenHash Hash(const std::string& salt, const std::string& token) {
  return {salt, base::Prefix(base::Sha256(salt + token), 32)};
}

PrincipalDirectory::Entry Entry(const std::string& id, std::vector<TokenHash> tokens) {
  PrincipalDirectory::Entry entry;
  entry.principal.id = id;
  entry.tokens = std::move(tokens);
  return entry;
}

std::string IdOf(const PrincipalDirectory& directory, std::string_view token) {
  const auto principal = directory.Authenticate(token);
  return principal == nullptr ? "nobody" : principal->id;
}

TEST(PrincipalDirectoryTest, FindsThePrincipalOfEachOfItsTokens) {
  const auto directory = PrincipalDirectory::Create(
      {Entry("a", {Hash("s1", "old"), Hash("s2", "new")}), Entry("b", {Hash("s3", "other")})});
  for (int round = 0; round < 2; ++round) {  // the second from memory
    EXPECT_EQ(IdOf(*directory, "old"), "a");
    EXPECT_EQ(IdOf(*directory, "new"), "a");
    EXPECT_EQ(IdOf(*directory, "other"), "b");
  }
}

TEST(PrincipalDirectoryTest, TokenThatIsNobodysFindsNobodyHoweverOftenItIsTried) {
  const auto directory = PrincipalDirectory::Create({Entry("a", {Hash("salt", "token")})});
  for (const std::string& token :
       {std::string(), std::string("toke"), std::string("token "), std::string("Token"),
        std::string("salttoken"), std::string("token\0", 6), std::string(10'000, 't')}) {
    EXPECT_EQ(IdOf(*directory, token), "nobody");
    EXPECT_EQ(IdOf(*directory, token), "nobody");
  }
}

TEST(PrincipalDirectoryTest, SaltIsPartOfTheHash) {
  const auto directory =
      PrincipalDirectory::Create({Entry("a", {{"other salt", Hash("salt", "token").digest}})});
  EXPECT_EQ(IdOf(*directory, "token"), "nobody");
}

TEST(PrincipalDirectoryTest, EmptyDirectoryKnowsNobody) {
  EXPECT_EQ(IdOf(*PrincipalDirectory::Create({}), "x"), "nobody");
}

TEST(PrincipalDirectoryTest, ManyThreadsMayAskAtOnce) {
  std::vector<PrincipalDirectory::Entry> entries;
  for (int i = 0; i < 20; ++i) {
    entries.push_back(Entry(absl::StrCat("p", i), {Hash("salt", absl::StrCat("token", i))}));
  }
  const auto directory = PrincipalDirectory::Create(std::move(entries));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int n = 0; n < 400; ++n) {
        const int i = n % 21;  // the 21st is nobody's
        const std::string expected = i < 20 ? absl::StrCat("p", i) : "nobody";
        if (IdOf(*directory, absl::StrCat("token", i)) != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace supervision::security
