#include "services/doctor/files.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/doctor/callers.h"
#include "services/security/authority.h"
#include "services/server/inputs.h"
#include "services/server/tls_files.h"

namespace supervision::doctor {
namespace {

constexpr char kFiles[] = "files";
constexpr char kPrincipals[] = "principals";
constexpr char kTls[] = "TLS";

// A line of a status is a mistake of its own.
void FailEach(const std::string& what, const absl::Status& status, Findings* findings) {
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n')) {
    findings->Fail(what, std::string(line));
  }
}

std::string DayText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// A certificate that runs out soon.
void TellEnd(const std::string& setting, absl::Time until, absl::Time now, Findings* findings) {
  if (until == absl::InfiniteFuture()) return;
  const int64_t days = absl::ToInt64Hours(until - now) / 24;
  if (days > server::kFirstWarningDays) return;
  findings->Warn(kTls, absl::StrCat(setting, " runs out on ", DayText(until), ", in ", days,
                                    " days; put a new one in its place, which is read by itself"));
}

}  // namespace

void CheckFiles(const config::ServerSettings& settings, absl::Time now, Findings* findings) {
  config::ServerSettings without_tls = settings;  // which CheckTls speaks of
  without_tls.listen.tls_certificate.clear();
  const absl::StatusOr<server::Inputs> inputs = server::LoadInputs(without_tls, now);
  if (!inputs.ok()) return FailEach(kFiles, inputs.status(), findings);
  findings->Ok(kFiles, absl::StrCat("catalogue, rules, model, regions, principals and tokens have "
                                    "no mistakes"));
  for (const std::string& lapsed : inputs->rules.classifier->lapsed()) {
    findings->Warn(kFiles, lapsed);
  }
  for (const std::string& mistake : config::MistakesOf(server::CheckCandidate(settings, now))) {
    findings->Warn(kFiles, absl::StrCat("the candidate of shadow is not taken: ", mistake));
  }
  const config::LoadedPrincipals& principals = inputs->principals;
  for (const std::string& to_nobody :
       config::RoutesToNobody(inputs->routes, security::ScopesOfWatchers(*principals.directory))) {
    findings->Warn(kFiles, to_nobody);
  }
  if (const std::string ends = config::CalendarEndsSoon(inputs->routes, now); !ends.empty()) {
    findings->Warn(kFiles, absl::StrCat(settings.files.calendar, " ", ends));
  }
  if (absl::Status may = server::CheckMayListen(settings.listen, *inputs); !may.ok()) {
    findings->Fail("listen", std::string(may.message()));
  }
  if (principals.example) {
    findings->Warn(kPrincipals,
                   absl::StrCat(settings.files.principals,
                                " has the shipped examples, whose tokens everyone knows; make "
                                "principals of your own before clues come"));
  } else {
    findings->Ok(kPrincipals,
                 absl::StrCat(principals.count, " principals, ",
                              principals.directory->issued().size(), " issued tokens"));
  }
  if (!principals.example) CheckCallers(principals, settings, now, findings);
  if (principals.void_tokens > 0) {
    findings->Warn(kPrincipals,
                   absl::StrCat(principals.void_tokens, " tokens in ", settings.files.tokens,
                                " are for principals that are gone or may nothing of "
                                "what they carry; revoke them"));
  }
}

void CheckTls(const config::ServerSettings& settings, absl::Time now, Findings* findings) {
  const config::ServerSettings::Listen& listen = settings.listen;
  if (!listen.tls()) {
    if (listen.plain_text_anywhere) {
      findings->Warn(kTls, absl::StrCat("plain text on ", listen.grpc,
                                        ": tokens and clues can be read and changed on the way; "
                                        "set listen.tls_certificate and listen.tls_key"));
    } else {
      findings->Ok(kTls, absl::StrCat("none; plain text on ", listen.grpc));
    }
    return;
  }
  const auto material = server::LoadTls(listen, now);
  if (!material.ok()) return FailEach(kTls, material.status(), findings);
  findings->Ok(
      kTls, absl::StrCat("certificate and key fit, for ", absl::StrJoin((*material)->names, ", "),
                         ", until ", DayText((*material)->certificate_until)));
  TellEnd(absl::StrCat("listen.tls_certificate ", listen.tls_certificate),
          (*material)->certificate_until, now, findings);
  TellEnd(absl::StrCat("listen.tls_client_ca ", listen.tls_client_ca), (*material)->client_ca_until,
          now, findings);
}

}  // namespace supervision::doctor
