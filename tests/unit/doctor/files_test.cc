#include "services/doctor/files.h"

#include "tests/support/certificates.h"
#include "tests/unit/doctor/doctor_fixture.h"

namespace supervision::doctor {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FilesTest : public DoctorTest {
 protected:
  void UseTls(const std::string& certificate, const std::string& key) {
    settings_.listen.tls_certificate = certificates_.Path(certificate);
    settings_.listen.tls_key = certificates_.Path(key);
  }
  const testing::Certificates certificates_{
      {"--server", "server=localhost", "--server", "other=localhost"}};
};

TEST_F(FilesTest, TheShippedFilesAreRightAndTheirPrincipalsAreNotForUse) {
  CheckFiles(settings_, absl::Now(), &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kOk, HasSubstr("no mistakes")),
                                           Is(Grade::kWarn, HasSubstr("everyone knows"))));
}

TEST_F(FilesTest, EveryMistakeIsAFindingOfItsOwn) {
  settings_.files.principals = directory_.path() + "/principals.yaml";
  settings_.files.regions = "/nonexistent/regions.tsv";
  testing::Replace(settings_.files.principals, "principals:\n  - id: a\n    rolls: [MONITOR]\n");
  CheckFiles(settings_, absl::Now(), &findings_);
  EXPECT_THAT(findings_.all(), Each(::testing::Field(&Finding::grade, Grade::kFail)));
  EXPECT_THAT(findings_.all(), Contains(Is(Grade::kFail, HasSubstr("principals.yaml:3"))));
  EXPECT_THAT(findings_.all(), Contains(Is(Grade::kFail, HasSubstr("/nonexistent/regions.tsv"))));
}

// The service starts without it.
TEST_F(FilesTest, ACandidateThatIsNotTakenWarns) {
  settings_.shadow.rules = "/nonexistent/rules";
  CheckFiles(settings_, absl::Now(), &findings_);
  EXPECT_THAT(findings_.all(), Contains(Is(Grade::kOk, HasSubstr("no mistakes"))));
  EXPECT_THAT(findings_.all(), Contains(Is(Grade::kWarn, AllOf(HasSubstr("candidate of shadow"),
                                                               HasSubstr("/nonexistent/rules")))));
}

TEST_F(FilesTest, PlainTextForOtherMachinesFails) {
  settings_.files.principals = directory_.path() + "/principals.yaml";
  testing::Replace(settings_.files.principals, "principals:\n  - id: a\n    roles: [MONITOR]\n");
  settings_.listen.grpc = "0.0.0.0:0";
  CheckFiles(settings_, absl::Now(), &findings_);
  EXPECT_THAT(findings_.all(), Contains(Is(Grade::kFail, AllOf(HasSubstr("listen.grpc 0.0.0.0:0"),
                                                               HasSubstr("without TLS")))));
}

TEST_F(FilesTest, AGoodCertificateIsShownWithItsNamesAndEnd) {
  UseTls("server.pem", "server.key");
  CheckTls(settings_, absl::Now(), &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kOk, AllOf(HasSubstr("DNS:localhost"), HasSubstr("until ")))));
}

TEST_F(FilesTest, OneThatRunsOutSoonWarns) {
  UseTls("server.pem", "server.key");  // for 90 days
  CheckTls(settings_, absl::Now() + absl::Hours(24) * 80, &findings_);
  EXPECT_THAT(findings_.all(), Contains(Is(Grade::kWarn, AllOf(HasSubstr("listen.tls_certificate"),
                                                               HasSubstr("put a new one")))));
}

TEST_F(FilesTest, OneThatHasRunOutOrDoesNotFitItsKeyFails) {
  UseTls("server.pem", "server.key");
  CheckTls(settings_, absl::Now() + absl::Hours(24) * 91, &findings_);
  EXPECT_THAT(findings_.all(), ElementsAre(Is(Grade::kFail, HasSubstr("has run out"))));
  Findings of_another;
  UseTls("server.pem", "other.key");
  CheckTls(settings_, absl::Now(), &of_another);
  EXPECT_THAT(of_another.all(), ElementsAre(Is(Grade::kFail, HasSubstr("does not fit"))));
}

}  // namespace
}  // namespace supervision::doctor
