// What CheckTls finds in certificates and keys of deploy/certs, before a handshake could fail by
// it.
#include "services/security/certificates.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"

namespace supervision::security {
namespace {

using supervision::testing::Certificates;
using supervision::testing::Replace;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const TlsNames kNames = {"listen.tls_certificate", "listen.tls_key", "listen.tls_client_ca"};

// One for the suite: making keys takes time.
class CertificatesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { files_ = new Certificates(); }
  static void TearDownTestSuite() { delete files_; }

  TlsTexts Good() const {
    return {files_->Text("server.pem"), files_->Text("server.key"), files_->Text("ca.pem")};
  }
  // What is said of it; empty when nothing is wrong.
  std::string Said(TlsTexts texts, absl::Time now = absl::Now()) const {
    return std::string(CheckTls(std::move(texts), kNames, now).status().message());
  }
  // Of the key server.key, what openssl makes with these words.
  std::string KeyMadeBy(const std::string& words) const {
    const std::string made = files_->Path("made.key");
    const std::string command =
        "openssl " + words + " -in " + files_->Path("server.key") + " -out " + made;
    if (std::system((command + " 2>/dev/null").c_str()) != 0) ADD_FAILURE() << command;
    return files_->Text("made.key");
  }
  // What openssl makes: a certificate of "weak" for localhost with a key of its own, as these words
  // say, and lies in weak.pem and weak.key.
  void MakeWeak(const std::string& words) const {
    const std::string command = "openssl req -x509 -nodes -days 30 -subj /CN=weak -addext " +
                                ("subjectAltName=DNS:localhost -out " + files_->Path("weak.pem")) +
                                " -keyout " + files_->Path("weak.key") + " " + words;
    if (std::system((command + " 2>/dev/null").c_str()) != 0) ADD_FAILURE() << command;
  }
  std::string SignedBy(const std::string& authority) const {
    return " -CA " + files_->Path(authority + ".pem") + " -CAkey " +
           files_->Path(authority + ".key");
  }
  static Certificates* files_;
};
Certificates* CertificatesTest::files_ = nullptr;

TEST_F(CertificatesTest, AChainInItsOrderIsTakenWithItsNamesAndItsEnd) {
  TlsTexts texts = Good();
  texts.certificate += files_->Text("ca.pem");
  const auto material = CheckTls(texts, kNames, absl::Now());
  ASSERT_TRUE(material.ok()) << material.status();
  EXPECT_THAT(material->names, Contains("DNS:localhost"));
  EXPECT_GT(material->certificate_until, absl::Now() + absl::Hours(24 * 80));
  EXPECT_LT(material->certificate_until, material->client_ca_until) << "the CA's is ten years";
}

// Which another start cures, and no other configuration.
TEST_F(CertificatesTest, MistakesOfTheTimeAloneAreToldApart) {
  const absl::Time late = absl::Now() + absl::Hours(24 * 365);
  EXPECT_EQ(CheckTls(Good(), kNames, late).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckTls(Good(), kNames, absl::UnixEpoch()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  TlsTexts texts = Good();
  texts.key = files_->Text("client.key");
  EXPECT_EQ(CheckTls(texts, kNames, late).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CertificatesTest, AChainOutOfOrderIsToldWithTheOrder) {
  TlsTexts texts = Good();
  texts.certificate += files_->Text("client.pem") + files_->Text("ca.pem");
  EXPECT_THAT(Said(texts), AllOf(HasSubstr("listen.tls_certificate: is no chain"),
                                 HasSubstr("CN=server is not signed by"), HasSubstr("CN=client"),
                                 HasSubstr("order them from the server's")));
  // Nor does another authority lead anywhere.
  const Certificates other;
  texts = Good();
  texts.certificate += other.Text("ca.pem");
  EXPECT_THAT(Said(texts), HasSubstr("is no chain"));
}

// Each handshake would fail by it, and gRPC would say nothing.
TEST_F(CertificatesTest, WhatOpensslWillNotUseIsToldBeforeAHandshakeFails) {
  const std::string p256 = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
  const struct {
    const char* name;
    std::string made;
    const char* why;
  } cases[] = {
      {"a short key", "-newkey rsa:1024" + SignedBy("ca"), "ee key too small"},
      {"a weak signature", p256 + " -sha1" + SignedBy("ca"), "ca md too weak"},
      {"SM2", "-newkey sm2", "unknown certificate type"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    MakeWeak(one.made);
    EXPECT_THAT(Said({files_->Text("weak.pem"), files_->Text("weak.key"), ""}),
                AllOf(HasSubstr("listen.tls_certificate: cannot be used for TLS"),
                      HasSubstr("CN=weak"), HasSubstr(one.why), HasSubstr("RSA of 2048 bits")));
  }
}

TEST_F(CertificatesTest, AWeakOneInTheChainIsToldAsItself) {
  MakeWeak("-newkey rsa:1024");
  const std::string authority = files_->Text("weak.pem");
  for (const std::string end : {".pem", ".key"}) {
    Replace(files_->Path("authority" + end), files_->Text("weak" + end));
  }
  MakeWeak("-newkey rsa:2048" + SignedBy("authority"));
  EXPECT_EQ(Said({files_->Text("weak.pem"), files_->Text("weak.key"), ""}), "");
  EXPECT_THAT(Said({files_->Text("weak.pem") + authority, files_->Text("weak.key"), ""}),
              AllOf(HasSubstr("cannot be used for TLS"), HasSubstr("ca key too small")));
}

// One with a line in its middle spoilt.
std::string Spoilt(const std::string& pem) {
  const size_t line = pem.find('\n', pem.size() / 2) + 1;
  return pem.substr(0, line) + "%%" + pem.substr(line + 2);
}

// What stands behind it would count for nothing, without a word.
TEST_F(CertificatesTest, ADamagedBlockIsToldWithItsOrdinalWhereverItStands) {
  const Certificates other;
  const std::string first = files_->Text("ca.pem");
  const std::string second = other.Text("ca.pem");
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const std::string end = "-----END CERTIFICATE-----\n";
  const struct {
    const char* name;
    std::string text;
    int block;
  } cases[] = {
      {"the first of two", Spoilt(first) + second, 1},
      {"the last", first + Spoilt(second), 2},
      {"in the middle", first + Spoilt(second) + first, 2},
      {"cut off", first + second.substr(0, second.size() / 2), 2},
      {"without an end", first + second.substr(0, second.size() - end.size()) + first, 2},
      {"without a beginning", first + second.substr(begin.size()) + first, 2},
      {"with a dash too few", first + second.substr(1) + first, 2},
      {"indented", first + " " + second, 2},
      {"behind a byte order mark", first + "\xEF\xBB\xBF" + second, 2},
      {"no certificate within", first + begin + "bm90aGluZw==\n" + end + second, 2},
      {"a key that is cut", first + Spoilt(files_->Text("client.key")) + second, 2},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    const std::string block = "block " + std::to_string(one.block) + " (line ";
    TlsTexts texts = Good();
    texts.client_ca = one.text;
    EXPECT_THAT(Said(texts), AllOf(HasSubstr("listen.tls_client_ca: " + block),
                                   HasSubstr("is damaged; put it there whole")));
    texts = Good();
    texts.certificate += one.text;
    EXPECT_THAT(Said(texts), HasSubstr("listen.tls_certificate: block " +
                                       std::to_string(one.block + 1) + " (line "));
  }
}

TEST_F(CertificatesTest, WordsBetweenBlocksAndAfterThemAreNoDamage) {
  const Certificates other;
  TlsTexts texts = Good();
  texts.client_ca = "# the district's --- authority\n" + texts.client_ca +
                    "\nSubject: CN=other\n-----\n" + other.Text("ca.pem") + "\r\n# the end";
  EXPECT_EQ(Said(texts), "");
  texts.client_ca = "\xEF\xBB\xBF" + Good().client_ca;  // as some editors begin a file
  EXPECT_EQ(Said(texts), "");
  // As some keep it: the key in the same file, and lines as Windows ends them.
  texts = Good();
  texts.certificate = texts.key + texts.certificate;
  for (size_t at = 0; (at = texts.certificate.find('\n', at)) != std::string::npos; at += 2) {
    texts.certificate.insert(at, "\r");
  }
  EXPECT_EQ(Said(texts), "");
}

TEST_F(CertificatesTest, AKeyWithAPassphraseIsToldHowToWriteItWithoutOne) {
  TlsTexts texts = Good();
  texts.key = KeyMadeBy("pkey -aes256 -passout pass:secret");
  EXPECT_THAT(Said(texts), AllOf(HasSubstr("listen.tls_key: has a passphrase"),
                                 HasSubstr("openssl pkey -in KEY -out PLAIN-KEY")));
  texts.key = KeyMadeBy("pkey -pubout");
  EXPECT_THAT(Said(texts), HasSubstr("listen.tls_key: has no private key"));
}

TEST_F(CertificatesTest, WhatBeginsLaterIsAMatterOfTheClock) {
  EXPECT_THAT(Said(Good(), absl::Now() - absl::Hours(48)),
              AllOf(HasSubstr("is not valid yet"), HasSubstr("check this machine's clock")));
}

TEST_F(CertificatesTest, WhatHasRunOutIsToldForTheServersAndForTheAuthority) {
  EXPECT_THAT(Said(Good(), absl::Now() + absl::Hours(24 * 100)),
              AllOf(HasSubstr("listen.tls_certificate: has run out"), HasSubstr("CN=server"),
                    Not(HasSubstr("listen.tls_client_ca"))));
  EXPECT_THAT(Said(Good(), absl::Now() + absl::Hours(24 * 365 * 11)),
              AllOf(HasSubstr("listen.tls_client_ca: ran out on"),
                    HasSubstr("put the authority's new certificate there")));
}

TEST_F(CertificatesTest, EveryMistakeIsToldAtOnceAndNothingOfAKey) {
  TlsTexts texts = Good();
  texts.certificate = files_->Text("client.pem");
  texts.client_ca = files_->Text("client.pem");
  const std::string said = Said(texts);
  EXPECT_THAT(said, AllOf(HasSubstr("listen.tls_key: does not fit"),
                          HasSubstr("is no server's certificate"),
                          HasSubstr("which is no authority"), Not(HasSubstr("PRIVATE"))));
  texts.certificate = files_->Text("server.key");  // the files are exchanged
  EXPECT_THAT(Said(texts), HasSubstr("listen.tls_certificate: has no certificate"));
}

}  // namespace
}  // namespace supervision::security
