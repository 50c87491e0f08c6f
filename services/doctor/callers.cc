#include "services/doctor/callers.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace supervision::doctor {
namespace {

constexpr char kPrincipals[] = "principals";
constexpr absl::Duration kSoon = absl::Hours(24 * 14);  // as the alert rule of certificates

// When the last of a principal's issued tokens ends; the past where it has none.
absl::Time LastEnd(const security::PrincipalDirectory& directory, const std::string& principal) {
  absl::Time last = absl::InfinitePast();
  for (const security::IssuedToken& token : directory.issued()) {
    if (token.principal.id == principal) last = std::max(last, token.principal.expires_at);
  }
  return last;
}

}  // namespace

void CheckCallers(const config::LoadedPrincipals& principals,
                  const config::ServerSettings& settings, absl::Time now, Findings* findings) {
  using Wanted = config::ServerSettings::Listen::ClientCertificates;
  const bool asks = settings.listen.client_certificates != Wanted::kOff;
  for (const auto& [principal, hashes, certificates] : principals.directory->entries()) {
    if (!hashes.empty() || (asks && !certificates.empty())) continue;
    const absl::Time end = LastEnd(*principals.directory, principal.id);
    if (end > now + kSoon) continue;
    const std::string make =
        absl::StrCat("supervisionctl tokens create ", principal.id, " makes another");
    if (end > now) {
      findings->Warn(
          kPrincipals,
          absl::StrCat("the last token of ", principal.id, " runs out on ",
                       absl::FormatTime("%Y-%m-%d", end, absl::UTCTimeZone()), "; ", make));
    } else if (end > absl::InfinitePast()) {
      findings->Warn(kPrincipals, absl::StrCat("every token of ", principal.id,
                                               " has run out, so it cannot call; ", make));
    } else if (!certificates.empty()) {
      findings->Warn(kPrincipals,
                     absl::StrCat(principal.id,
                                  " cannot call: it is known by certificates alone, which the "
                                  "service does not ask for; set listen.client_certificates"));
    } else {
      findings->Warn(kPrincipals, absl::StrCat(principal.id,
                                               " cannot call: it has neither token nor "
                                               "certificate; supervisionctl tokens create ",
                                               principal.id, " makes a token"));
    }
  }
}

}  // namespace supervision::doctor
