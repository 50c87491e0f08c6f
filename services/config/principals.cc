#include "services/config/principals.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/base/hex.h"
#include "services/config/server_settings.h"
#include "services/config/suggest.h"
#include "services/config/text_digest.h"
#include "services/config/tokens.h"
#include "services/config/units.h"
#include "services/config/yaml_loader.h"
#include "services/config/yaml_tree.h"
#include "services/domain/scenario.h"
#include "supervision/config/v1/server.pb.h"

namespace supervision::config {
namespace {

using security::Principal;
using security::PrincipalDirectory;
using security::Role;
using security::TokenHash;

constexpr size_t kMaxIdLength = 64;
constexpr size_t kMinSaltBytes = 8;
constexpr size_t kMaxSaltBytes = 64;
constexpr size_t kDigestBytes = 32;

// Of deploy/config/principals.yaml, which tells them to everyone.
constexpr std::string_view kShippedTokens[] = {
    "example-partner-token",  "example-partner-2-token",
    "example-monitor-token",  "example-monitor-enforcement-token",
    "example-reviewer-token", "example-operator-token",
    "example-handler-token",  "example-handler-petition-token"};

// Those that see clues by a grant of scenarios and regions.
constexpr std::pair<Role, const char*> kScopedRoles[] = {{Role::kMonitor, "MONITOR"},
                                                         {Role::kHandler, "HANDLER"},
                                                         {Role::kReviewer, "REVIEWER"},
                                                         {Role::kSupervisor, "SUPERVISOR"}};

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdLength &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") ==
             std::string_view::npos;
}

class PrincipalsReader {
 public:
  PrincipalsReader(const SourceMap& source, Problems* problems)
      : source_(source), problems_(problems) {}

  std::vector<PrincipalDirectory::Entry> Read(const v1::PrincipalsConfig& config) {
    std::vector<PrincipalDirectory::Entry> entries;
    if (config.principals().empty() && !source_.Has("principals[0]")) {
      Add("principals", "there is nobody who may call; add one under 'principals:'");
    }
    for (int i = 0; i < config.principals_size(); ++i) {
      path_ = absl::StrCat("principals[", i, "]");
      entries.push_back(ReadOne(config.principals(i)));
    }
    return entries;
  }

 private:
  void Add(std::string_view path, std::string text) {
    problems_->Add(source_, path, std::move(text));
  }
  std::string At(std::string_view name) const {
    return absl::StrCat(path_, ".", std::string(name));
  }

  PrincipalDirectory::Entry ReadOne(const v1::PrincipalConfig& in) {
    PrincipalDirectory::Entry entry;
    entry.principal.id = in.id();
    if (!IsId(in.id())) {
      Add(At("id"), "id must be 1 to 64 of a-z 0-9 . _ -");
    } else if (const auto [first, is_new] = ids_.emplace(in.id(), path_); !is_new) {
      Add(At("id"), absl::StrCat("id stands already in line ", source_.Find(first->second).line,
                                 "; choose another"));
    }
    Roles(in, &entry.principal);
    Scope(in, &entry.principal);
    Tokens(in, &entry.tokens);
    Certificates(in, &entry.certificates);
    Quota(in.quota(), &entry.principal.quota);
    return entry;
  }

  void Roles(const v1::PrincipalConfig& in, Principal* out) {
    for (const int role : in.roles()) out->roles.set(static_cast<size_t>(role));
    const bool partner = Has(*out, Role::kPartner);
    if (in.roles().empty() && !source_.Has(At("roles[0]"))) {
      Add(At("roles"),
          "roles are missing; write one or more of PARTNER, MONITOR, HANDLER, REVIEWER, "
          "SUPERVISOR, "
          "OPERATOR, AUDITOR, ADMIN");
    }
    // What such a caller may see would be two things at once.
    for (const auto& [role, name] : kScopedRoles) {
      if (!partner || !Has(*out, role)) continue;
      Add(At("roles"), absl::StrCat("PARTNER and ", name,
                                    " cannot be one principal; make two, each with a "
                                    "token"));
      break;
    }
    out->partner = in.partner();
    if (partner && !IsId(in.partner())) {
      Add(At("partner"), "partner of a PARTNER must be 1 to 64 of a-z 0-9 . _ -");
    } else if (!partner && !in.partner().empty()) {
      Add(At("partner"), "partner belongs to the role PARTNER; add the role, or delete the line");
    }
    out->backfill = in.backfill();
    if (!partner && in.backfill()) {
      Add(At("backfill"), "backfill belongs to the role PARTNER; add the role, or delete the line");
    }
  }

  void Scope(const v1::PrincipalConfig& in, Principal* out) {
    std::vector<std::string> codes;
    for (const domain::Scenario scenario : domain::kScenarios) codes.emplace_back(Code(scenario));
    for (int i = 0; i < in.scenarios_size(); ++i) {
      const auto scenario = domain::ScenarioFromCode(in.scenarios(i));
      if (!scenario.has_value() || *scenario == domain::Scenario::kUnspecified) {
        Add(absl::StrCat(At("scenarios"), "[", i, "]"),
            absl::StrCat("unknown scenario ", Quote(in.scenarios(i)), "; ",
                         Suggest(in.scenarios(i), codes)));
        continue;
      }
      out->scope.scenarios.set(static_cast<size_t>(*scenario));
    }
    for (int i = 0; i < in.regions_size(); ++i) {
      if (!IsRegionPrefix(in.regions(i))) {
        Add(absl::StrCat(At("regions"), "[", i, "]"),
            "a region must be the first 2 to 9 digits of a region code");
      }
      out->scope.regions.push_back(in.regions(i));
    }
    out->scope.cleared_for_secret = in.cleared_for_secret();
    for (const auto& [role, name] : kScopedRoles) {
      if (Has(*out, role)) return;
    }
    // Silently ignored limits would be taken for limits.
    for (const auto& [name, given] : {std::pair{"scenarios", in.scenarios_size() > 0},
                                      std::pair{"regions", in.regions_size() > 0},
                                      std::pair{"cleared_for_secret", in.cleared_for_secret()}}) {
      if (!given) continue;
      Add(At(name), absl::StrCat(name,
                                 " belongs to the roles MONITOR, HANDLER, REVIEWER and SUPERVISOR; "
                                 "add one, or delete it"));
    }
  }

  void Tokens(const v1::PrincipalConfig& in, std::vector<TokenHash>* out) {
    for (int i = 0; i < in.token_hashes_size(); ++i) {
      const std::string at = absl::StrCat(At("token_hashes"), "[", i, "]");
      std::optional<TokenHash> hash = ParseTokenHash(in.token_hashes(i));
      if (!hash.has_value()) {
        Add(at, "a token hash must be <salt, 16 to 128 hex digits>:<SHA-256, 64 hex digits>");
      } else if (const auto [first, is_new] = digests_.emplace(hash->digest, at); !is_new) {
        Add(at, absl::StrCat("this token hash stands already in line ",
                             source_.Find(first->second).line,
                             "; each principal needs a token of its own"));
      } else {
        out->push_back(*std::move(hash));
      }
    }
  }

  void Certificates(const v1::PrincipalConfig& in, std::vector<std::string>* out) {
    for (int i = 0; i < in.certificates_size(); ++i) {
      const std::string at = absl::StrCat(At("certificates"), "[", i, "]");
      const std::string& name = in.certificates(i);
      const size_t colon = name.find(':');
      const std::string kind = name.substr(0, colon);
      if (colon == std::string::npos || colon + 1 == name.size() ||
          (kind != "URI" && kind != "DNS" && kind != "SUBJECT")) {
        Add(at,
            "a certificate's name must be URI:…, DNS:… (of its alternative names) or SUBJECT:… "
            "(as openssl x509 -noout -subject -nameopt RFC2253 shows it)");
      } else if (const auto [first, is_new] = certificates_.emplace(name, at); !is_new) {
        Add(at, absl::StrCat("this name stands already in line ", source_.Find(first->second).line,
                             "; a certificate is of one principal"));
      } else {
        out->push_back(name);
      }
    }
  }

  void Quota(const v1::QuotaConfig& in, security::Quota* out) {
    const auto count = [this](const char* name, int64_t value, int64_t* to) {
      if (value < 0 || value > kMostInQuota) {
        Add(absl::StrCat(At("quota"), ".", name),
            absl::StrCat(name, " must be 0 (the standard of server.yaml) to ", kMostInQuota));
      }
      *to = value;
    };
    count("calls_per_second", in.calls_per_second(), &out->calls_per_second);
    count("concurrent_calls", in.concurrent_calls(), &out->concurrent_calls);
    count("streams", in.streams(), &out->streams);
    if (in.request_bytes().empty()) return;
    const std::optional<int64_t> bytes = ParseSize(in.request_bytes());
    if (!bytes.has_value()) {
      Add(absl::StrCat(At("quota"), ".request_bytes"),
          absl::StrCat("request_bytes must be ", kSizeForms));
    }
    out->request_bytes = bytes.value_or(0);
  }

  static bool Has(const Principal& principal, Role role) {
    return principal.roles.test(static_cast<size_t>(role));
  }

  const SourceMap& source_;
  Problems* const problems_;
  std::string path_;  // of the principal being read
  std::map<std::string, std::string> ids_;
  std::map<std::string, std::string> digests_;
  std::map<std::string, std::string> certificates_;
};

}  // namespace

bool IsRegionPrefix(std::string_view text) {
  return text.size() >= 2 && text.size() <= 9 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<TokenHash> ParseTokenHash(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto salt = base::HexDecode(text.substr(0, colon));
  const auto digest = base::HexDecode(text.substr(colon + 1));
  if (!salt || salt->size() < kMinSaltBytes || salt->size() > kMaxSaltBytes) return std::nullopt;
  if (!digest || digest->size() != kDigestBytes) return std::nullopt;
  return TokenHash{*salt, *digest};
}

absl::StatusOr<LoadedPrincipals> ParsePrincipals(std::string_view text, std::string_view file) {
  v1::PrincipalsConfig config;
  SourceMap source;
  Problems problems;
  std::vector<PrincipalDirectory::Entry> entries;
  if (ReadYaml(text, file, &config, &source, &problems)) {
    entries = PrincipalsReader(source, &problems).Read(config);
  }
  if (!problems.empty()) return problems.ToStatus();
  LoadedPrincipals loaded;
  loaded.count = entries.size();
  loaded.directory = PrincipalDirectory::Create(std::move(entries));
  loaded.example = config.example();
  for (const std::string_view token : kShippedTokens) {
    if (loaded.directory->Authenticate(token) != nullptr) loaded.example = true;
  }
  return loaded;
}

absl::StatusOr<LoadedPrincipals> LoadPrincipals(const std::string& path,
                                                const std::string& tokens) {
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxYamlBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<LoadedPrincipals> loaded = ParsePrincipals(*text, path);
  if (!loaded.ok()) return loaded;
  const absl::StatusOr<std::vector<TokenRecord>> records = LoadTokens(tokens);
  if (!records.ok()) return records.status();
  std::vector<security::IssuedToken> issued;
  for (const TokenRecord& record : *records) {
    std::optional<security::IssuedToken> token = Issue(record, *loaded->directory);
    if (token.has_value()) {
      issued.push_back(*std::move(token));
    } else {
      ++loaded->void_tokens;
    }
  }
  loaded->digest = TextDigest({*text, TokensText(*records)});
  if (!issued.empty()) {
    loaded->directory = PrincipalDirectory::Create(loaded->directory->entries(), std::move(issued));
  }
  return loaded;
}

}  // namespace supervision::config
