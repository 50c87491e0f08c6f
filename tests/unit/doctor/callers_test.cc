#include "services/doctor/callers.h"

#include "services/config/tokens.h"
#include "tests/unit/doctor/doctor_fixture.h"

namespace supervision::doctor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kFile[] = R"(
principals:
  - id: hashed
    roles: [OPERATOR]
    token_hashes: ["00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"]
  - id: named
    roles: [MONITOR]
    certificates: ["URI:spiffe://example/named"]
  - id: issued
    roles: [MONITOR]
)";

class CallersTest : public DoctorTest {
 protected:
  // The principals of the file, where "issued" has tokens that end then.
  config::LoadedPrincipals With(const std::vector<absl::Time>& ends) {
    config::LoadedPrincipals loaded = *config::ParsePrincipals(kFile, "principals.yaml");
    std::vector<security::IssuedToken> issued;
    for (const absl::Time end : ends) {
      config::TokenRecord draft;
      draft.principal = "issued";
      draft.expires_at = end;
      issued.push_back(*config::Issue(config::MakeToken(draft).record, *loaded.directory));
    }
    loaded.directory =
        security::PrincipalDirectory::Create(loaded.directory->entries(), std::move(issued));
    return loaded;
  }
  void AskForCertificates() {
    settings_.listen.client_certificates =
        config::ServerSettings::Listen::ClientCertificates::kOptional;
  }
  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(CallersTest, WhoHasATokenThatHoldsOrACertificateIsNotSpokenOf) {
  AskForCertificates();
  CheckCallers(With({now_ - absl::Hours(1), now_ + absl::Hours(24 * 30)}), settings_, now_,
               &findings_);
  CheckCallers(With({absl::InfiniteFuture()}), settings_, now_, &findings_);
  EXPECT_THAT(findings_.all(), IsEmpty());
}

TEST_F(CallersTest, WhoHasNothingOrACertificateThatNobodyAsksForWarns) {
  CheckCallers(With({}), settings_, now_, &findings_);
  EXPECT_THAT(
      findings_.all(),
      ElementsAre(Is(Grade::kWarn, AllOf(HasSubstr("named cannot call"),
                                         HasSubstr("set listen.client_certificates"))),
                  Is(Grade::kWarn, AllOf(HasSubstr("issued cannot call"),
                                         HasSubstr("supervisionctl tokens create issued")))));
}

TEST_F(CallersTest, TheLastTokenWarnsBeforeItsEndAndAfter) {
  AskForCertificates();
  CheckCallers(With({now_ + absl::Hours(24 * 13)}), settings_, now_, &findings_);
  CheckCallers(With({now_ - absl::Hours(1)}), settings_, now_, &findings_);
  EXPECT_THAT(findings_.all(),
              ElementsAre(Is(Grade::kWarn, HasSubstr("the last token of issued runs out on 2027-")),
                          Is(Grade::kWarn, HasSubstr("every token of issued has run out"))));
}

}  // namespace
}  // namespace supervision::doctor
