#include "services/config/tokens.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/config/principals.h"
#include "services/config/yaml_loader.h"
#include "services/config/yaml_tree.h"
#include "services/domain/scenario.h"
#include "supervision/config/v1/server.pb.h"

namespace supervision::config {
namespace {

using security::Principal;

constexpr size_t kIdBytes = 8;
constexpr size_t kSecretBytes = 32;
constexpr size_t kSaltBytes = 16;

std::string TimeText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

class TokensReader {
 public:
  TokensReader(const SourceMap& source, Problems* problems)
      : source_(source), problems_(problems) {}

  std::vector<TokenRecord> Read(const v1::TokensConfig& config) {
    std::vector<TokenRecord> records;
    for (int i = 0; i < config.tokens_size(); ++i) {
      path_ = absl::StrCat("tokens[", i, "].");
      records.push_back(ReadOne(config.tokens(i)));
    }
    return records;
  }

 private:
  TokenRecord ReadOne(const v1::TokenConfig& in) {
    TokenRecord out;
    out.id = in.id();
    out.principal = in.principal();
    out.note = in.note();
    if (security::IssuedTokenId("svt_" + in.id() + "_x") != in.id()) {
      Add("id", "id must be 16 hex digits, as supervisionctl tokens create makes it");
    } else if (const auto [first, is_new] = ids_.emplace(in.id(), path_ + "id"); !is_new) {
      Add("id", absl::StrCat("id stands already in line ", source_.Find(first->second).line));
    }
    if (const auto hash = ParseTokenHash(in.hash())) {
      out.hash = *hash;
    } else {
      Add("hash", "a token hash must be <salt, 16 to 128 hex digits>:<SHA-256, 64 hex digits>");
    }
    Time("created_at", in.created_at(), &out.created_at);
    if (!in.expires_at().empty()) Time("expires_at", in.expires_at(), &out.expires_at);
    for (const int role : in.roles()) out.roles.set(static_cast<size_t>(role));
    for (const std::string& code : in.scenarios()) {
      const auto scenario = domain::ScenarioFromCode(code);
      if (scenario.has_value() && *scenario != domain::Scenario::kUnspecified) {
        out.scenarios.set(static_cast<size_t>(*scenario));
      } else {
        Add("scenarios", "has an unknown scenario; the catalogue lists them");
      }
    }
    for (const std::string& region : in.regions()) {
      if (!IsRegionPrefix(region)) {
        Add("regions", "a region must be the first 2 to 9 digits of a region code");
      }
      out.regions.push_back(region);
    }
    return out;
  }

  void Time(const std::string& name, const std::string& text, absl::Time* out) {
    if (!absl::ParseTime(absl::RFC3339_full, text, out, nullptr)) {
      Add(name, absl::StrCat(name, " must be a time such as 2027-01-31T00:00:00Z"));
    }
  }
  void Add(const std::string& name, std::string text) {
    problems_->Add(source_, path_ + name, std::move(text));
  }

  const SourceMap& source_;
  Problems* const problems_;
  std::string path_;
  std::map<std::string, std::string> ids_;
};

// What two lists of region prefixes have in common; an empty one has all. False: nothing.
bool Intersect(const std::vector<std::string>& one, std::vector<std::string>* into) {
  if (one.empty()) return true;
  if (into->empty()) {
    *into = one;
    return true;
  }
  std::vector<std::string> both;
  for (const std::string& a : *into) {
    for (const std::string& b : one) {
      if (a.starts_with(b)) {
        both.push_back(a);
      } else if (b.starts_with(a)) {
        both.push_back(b);
      }
    }
  }
  *into = std::move(both);
  return !into->empty();
}

}  // namespace

absl::StatusOr<std::vector<TokenRecord>> ParseTokens(std::string_view text, std::string_view file) {
  v1::TokensConfig config;
  SourceMap source;
  Problems problems;
  std::vector<TokenRecord> records;
  if (ReadYaml(text, file, &config, &source, &problems)) {
    records = TokensReader(source, &problems).Read(config);
  }
  if (!problems.empty()) return problems.ToStatus();
  return records;
}

absl::StatusOr<std::vector<TokenRecord>> LoadTokens(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFileIfThere(path, kMaxYamlBytes);
  if (!text.ok()) return text.status();
  return ParseTokens(*text, path);
}

std::string TokensText(const std::vector<TokenRecord>& tokens) {
  std::string text =
      "# Tokens that were issued: written by supervisionctl tokens, read by the service whenever "
      "it\n"
      "# changes. A token whose lines are taken out is revoked.\n\ntokens:\n";
  const auto list = [&text](const std::string& name, const std::string& items) {
    if (!items.empty()) absl::StrAppend(&text, "    ", name, ": [", items, "]\n");
  };
  for (const TokenRecord& token : tokens) {
    absl::StrAppend(&text, "  - id: \"", token.id, "\"\n    principal: \"", token.principal,
                    "\"\n    hash: ", base::HexEncode(token.hash.salt), ":",
                    base::HexEncode(token.hash.digest), "\n    created_at: \"",
                    TimeText(token.created_at), "\"\n");
    if (token.expires_at != absl::InfiniteFuture()) {
      absl::StrAppend(&text, "    expires_at: \"", TimeText(token.expires_at), "\"\n");
    }
    std::string roles;
    std::string scenarios;
    std::string regions;
    for (size_t role = 1; role <= security::kRoles; ++role) {
      if (!token.roles.test(role)) continue;
      absl::StrAppend(&roles, roles.empty() ? "" : ", ",
                      std::string(NameOf(static_cast<security::Role>(role))));
    }
    for (const domain::Scenario scenario : domain::kScenarios) {
      if (!token.scenarios.test(static_cast<size_t>(scenario))) continue;
      absl::StrAppend(&scenarios, scenarios.empty() ? "" : ", ", std::string(Code(scenario)));
    }
    for (const std::string& region : token.regions) {
      absl::StrAppend(&regions, regions.empty() ? "\"" : ", \"", region, "\"");
    }
    list("roles", roles);
    list("scenarios", scenarios);
    list("regions", regions);
    if (!token.note.empty()) absl::StrAppend(&text, "    note: \"", token.note, "\"\n");
  }
  return text;
}

NewToken MakeToken(TokenRecord draft) {
  draft.id = base::HexEncode(base::RandomBytes(kIdBytes));
  NewToken made;
  made.text = absl::StrCat("svt_", draft.id, "_", base::HexEncode(base::RandomBytes(kSecretBytes)));
  draft.hash.salt = base::RandomBytes(kSaltBytes);
  draft.hash.digest = base::Prefix(base::Sha256(draft.hash.salt + made.text), kSecretBytes);
  made.record = std::move(draft);
  return made;
}

std::optional<security::IssuedToken> Issue(const TokenRecord& record,
                                           const security::PrincipalDirectory& principals) {
  for (const security::PrincipalDirectory::Entry& entry : principals.entries()) {
    if (entry.principal.id != record.principal) continue;
    Principal principal = entry.principal;
    principal.expires_at = record.expires_at;
    if (record.roles.any()) principal.roles &= record.roles;
    if (principal.roles.none()) return std::nullopt;
    if (record.scenarios.any()) {
      principal.scope.scenarios = principal.scope.scenarios.none()
                                      ? record.scenarios
                                      : principal.scope.scenarios & record.scenarios;
      if (principal.scope.scenarios.none()) return std::nullopt;
    }
    if (!Intersect(record.regions, &principal.scope.regions)) return std::nullopt;
    return security::IssuedToken{record.id, record.hash, std::move(principal)};
  }
  return std::nullopt;
}

}  // namespace supervision::config
