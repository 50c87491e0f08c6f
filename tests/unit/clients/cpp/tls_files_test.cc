// What a client's certificate and key are refused for before anything is connected.
#include <cstdlib>
#include <fstream>
#include <string>

#include "clients/cpp/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"

namespace supervision::client {
namespace {

using ::supervision::testing::Certificates;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// One for the suite: making keys takes time.
class TlsFilesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    files_ = new Certificates();
    files_->Make({"--client", "second"});
  }
  static void TearDownTestSuite() { delete files_; }

  static std::string Path(const std::string& file) { return files_->Path(file); }
  static std::string Made(const std::string& file, const std::string& text) {
    std::ofstream(Path(file)) << text;
    return Path(file);
  }
  static std::string Refusal(const std::string& ca, const std::string& certificate,
                             const std::string& key) {
    const auto tls = ReadTls(ca, certificate, key, "");
    return tls.ok() ? "" : std::string(tls.status().message());
  }

  static Certificates* files_;
};
Certificates* TlsFilesTest::files_ = nullptr;

TEST_F(TlsFilesTest, APairThatFitsIsTaken) {
  EXPECT_EQ(Refusal(Path("ca.pem"), Path("client.pem"), Path("client.key")), "");
  EXPECT_EQ(Refusal(Path("ca.pem"), "", ""), "");
}

TEST_F(TlsFilesTest, AnothersKeyIsRefusedByName) {
  EXPECT_THAT(Refusal("", Path("client.pem"), Path("second.key")),
              AllOf(HasSubstr(Path("second.key") + " does not fit the certificate of " +
                              Path("client.pem")),
                    HasSubstr("take the key that was made with it")));
}

TEST_F(TlsFilesTest, ABrokenKeyIsRefusedAndNotQuoted) {
  const std::string whole = files_->Text("client.key");
  const std::string broken = whole.substr(0, whole.size() / 2);
  EXPECT_THAT(Refusal("", Path("client.pem"), Made("broken.key", broken)),
              AllOf(HasSubstr("broken.key has no key that can be read"), HasSubstr("anew, whole"),
                    Not(HasSubstr(whole.substr(40, 10)))));
}

TEST_F(TlsFilesTest, AKeyBehindAPasswordIsRefusedWithTheWayOut) {
  const std::string locked = Path("locked.key");
  ASSERT_EQ(std::system(("openssl pkey -aes256 -passout pass:geheim -in " + Path("client.key") +
                         " -out " + locked)
                            .c_str()),
            0);
  EXPECT_THAT(Refusal("", Path("client.pem"), locked),
              AllOf(HasSubstr("locked.key is locked by a password"), HasSubstr("openssl pkey")));
}

TEST_F(TlsFilesTest, ABrokenCertificateOrAuthorityIsRefusedByName) {
  const std::string whole = files_->Text("client.pem");
  const std::string broken = Made("broken.pem", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(Refusal("", broken, Path("client.key")),
              HasSubstr("broken.pem has no certificate that can be read"));
  EXPECT_THAT(Refusal(broken, "", ""),
              AllOf(HasSubstr("broken.pem has no certificate"), HasSubstr("of the authority")));
}

}  // namespace
}  // namespace supervision::client
