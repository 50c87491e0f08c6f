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
