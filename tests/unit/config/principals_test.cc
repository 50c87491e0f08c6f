#include "services/config/principals.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::config {
namespace {

std::string HashOf(const std::string& token) {
  const std::string salt = "12345678";
  return base::HexEncode(salt) + ":" +
         base::HexEncode(base::Prefix(base::Sha256(salt + token), 32));
}

std::string Mistakes(const std::string& text) {
  const auto loaded = ParsePrincipals(text, "p.yaml");
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument) << loaded.status();
  return std::string(loaded.status().message());
}

TEST(PrincipalsTest, ReadsRolesPartnerScopeAndTokens) {
  const auto loaded = ParsePrincipals(
      "principals:\n"
      "  - {id: p, roles: [PARTNER, OPERATOR], partner: hotline, token_hashes: [\"" +
          HashOf("one") + "\", \"" + HashOf("two") +
          "\"]}\n"
          "  - {id: m, roles: [MONITOR], scenarios: [JUDICIAL, OUT_OF_SCOPE], regions: [33, "
          "330424001], cleared_for_secret: true, token_hashes: [\"" +
          HashOf("three") + "\"]}\n",
      "p.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_FALSE(loaded->example);
  EXPECT_EQ(loaded->count, 2u);
  const auto partner = loaded->directory->Authenticate("two");
  ASSERT_NE(partner, nullptr);
  EXPECT_EQ(partner->id, "p");
  EXPECT_EQ(partner->partner, "hotline");
  EXPECT_TRUE(partner->roles.test(1) && partner->roles.test(3) && !partner->roles.test(2));
  const auto monitor = loaded->directory->Authenticate("three");
  ASSERT_NE(monitor, nullptr);
  EXPECT_EQ(monitor->scope.scenarios.to_ulong(), (1ul << 7) | (1ul << 12));
  EXPECT_THAT(monitor->scope.regions, testing::ElementsAre("33", "330424001"));
  EXPECT_TRUE(monitor->scope.cleared_for_secret);
}

TEST(PrincipalsTest, TellsEveryMistakeAtOnceAndQuotesNoHash) {
  const std::string hash = HashOf("one");
  const std::string mistakes = Mistakes(
      "principals:\n"
      "  - id: A\n"
      "    roles: []\n"
      "    token_hashes: [" +
      hash +
      "]\n"
      "  - id: b\n"
      "    roles: [PARTNER, MONITOR]\n"
      "    scenarios: [ADMIN_ENFORCMENT]\n"
      "    regions: [\"3\"]\n"
      "    token_hashes: [" +
      hash +
      "]\n"
      "  - id: b\n"
      "    roles: [OPERATOR]\n"
      "    partner: x\n"
      "    regions: [\"33\"]\n"
      "  - id: c\n"
      "    roles: [MONITER]\n"
      "    token_hashes: [\"00:11\"]\n");
  EXPECT_EQ(
      mistakes,
      "p.yaml:2:9: id must be 1 to 64 of a-z 0-9 . _ -\n"
      "p.yaml:3:5: roles are missing; write one or more of PARTNER, MONITOR, HANDLER, REVIEWER, "
      "SUPERVISOR, OPERATOR, AUDITOR, ADMIN\n"
      "p.yaml:5:5: partner of a PARTNER must be 1 to 64 of a-z 0-9 . _ -\n"
      "p.yaml:6:5: PARTNER and MONITOR cannot be one principal; make two, each with a token\n"
      "p.yaml:7:17: unknown scenario 'ADMIN_ENFORCMENT'; did you mean 'ADMIN_ENFORCEMENT'?\n"
      "p.yaml:8:15: a region must be the first 2 to 9 digits of a region code\n"
      "p.yaml:9:20: this token hash stands already in line 4; each principal needs a token of "
      "its own\n"
      "p.yaml:10:9: id stands already in line 5; choose another\n"
      "p.yaml:12:14: partner belongs to the role PARTNER; add the role, or delete the line\n"
      "p.yaml:13:5: regions belongs to the roles MONITOR, HANDLER, REVIEWER and SUPERVISOR; add "
      "one, or delete it\n"
      "p.yaml:15:13: unknown value 'MONITER'; did you mean 'MONITOR'?\n"
      "p.yaml:16:20: a token hash must be <salt, 16 to 128 hex digits>:<SHA-256, 64 hex "
      "digits>");
}

TEST(PrincipalsTest, HandlerHasAGrantAndOnlyAPartnerMayBringHistory) {
  const auto loaded = ParsePrincipals(
      "principals:\n"
      "  - {id: h, roles: [HANDLER], regions: [\"33\"], token_hashes: [\"" +
          HashOf("one") +
          "\"]}\n"
          "  - {id: p, roles: [PARTNER], partner: x, backfill: true, token_hashes: [\"" +
          HashOf("two") + "\"]}\n",
      "p.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(loaded->directory->Authenticate("one")->scope.regions, testing::ElementsAre("33"));
  EXPECT_FALSE(loaded->directory->Authenticate("one")->backfill);
  EXPECT_TRUE(loaded->directory->Authenticate("two")->backfill);
  EXPECT_EQ(
      Mistakes("principals:\n"
               "  - {id: h, roles: [HANDLER], backfill: true, token_hashes: [\"" +
               HashOf("one") +
               "\"]}\n"
               "  - {id: p, roles: [PARTNER, HANDLER], partner: x, token_hashes: [\"" +
               HashOf("two") + "\"]}\n"),
      "p.yaml:2:41: backfill belongs to the role PARTNER; add the role, or delete the line\n"
      "p.yaml:3:13: PARTNER and HANDLER cannot be one principal; make two, each with a token");
}

TEST(PrincipalsTest, AQuotaOfItsOwnIsReadAndWhatItLeavesOutIsTheStandard) {
  const std::string start =
      "principals:\n"
      "  - id: p\n"
      "    roles: [PARTNER]\n"
      "    partner: x\n"
      "    token_hashes: [\"" +
      HashOf("one") + "\"]\n";
  const auto loaded =
      ParsePrincipals(start + "    quota: {calls_per_second: 20, request_bytes: 2MiB}\n", "p.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->directory->Authenticate("one")->quota,
            (security::Quota{.calls_per_second = 20, .request_bytes = 2 << 20}));
  EXPECT_THAT(Mistakes(start + "    quota:\n      streams: -1\n      request_bytes: much\n"),
              testing::AllOf(testing::HasSubstr("p.yaml:7:16: streams must be 0 (the standard of "
                                                "server.yaml) to 1000000"),
                             testing::HasSubstr("p.yaml:8:22: request_bytes must be ")));
}

TEST(PrincipalsTest, FileWithNobodyIsAMistake) {
  EXPECT_THAT(Mistakes("# nobody\n"), testing::HasSubstr("nobody who may call"));
}

TEST(PrincipalsTest, MissingFileIsNamed) {
  const auto loaded = LoadPrincipals(testing::TempDir() + "/no_such_principals.yaml");
  EXPECT_EQ(loaded.status().code(), absl::StatusCode::kNotFound);
}

TEST(PrincipalsTest, ACertificatesNameIsOfOnePrincipalAndOfAKnownKind) {
  const auto loaded = ParsePrincipals(
      "principals:\n"
      "  - {id: a, roles: [ADMIN], certificates: [\"URI:spiffe://x/a\", \"SUBJECT:CN=a,O=x\"]}\n",
      "p.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const auto found = loaded->directory->AuthenticateCertificate({"DNS:b", "URI:spiffe://x/a"});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, "a");
  EXPECT_EQ(loaded->directory->AuthenticateCertificate({"URI:spiffe://x/A"}), nullptr);
  EXPECT_EQ(loaded->directory->AuthenticateCertificate({}), nullptr);
  const auto wrong = ParsePrincipals(
      "principals:\n"
      "  - id: a\n"
      "    roles: [ADMIN]\n"
      "    certificates: [\"DNS:a\", \"a\", \"DNS:a\"]\n",
      "p.yaml");
  EXPECT_EQ(std::string(wrong.status().message()),
            "p.yaml:4:29: a certificate's name must be URI:…, DNS:… (of its alternative names) or "
            "SUBJECT:… (as openssl x509 -noout -subject -nameopt RFC2253 shows it)\n"
            "p.yaml:4:34: this name stands already in line 4; a certificate is of one principal");
}

}  // namespace
}  // namespace supervision::config
