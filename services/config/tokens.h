#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/security/principal.h"

namespace supervision::config {

// A line of tokens.yaml: a token that was issued to a principal and is valid until it ends or is
// taken out. The token itself is nowhere.
struct TokenRecord {
  std::string id;
  std::string principal;
  security::TokenHash hash;
  absl::Time created_at;
  absl::Time expires_at = absl::InfiniteFuture();
  // What it carries of what its principal may; nothing set: all of it.
  security::RoleSet roles;
  domain::ScenarioSet scenarios;
  std::vector<std::string> regions;
  std::string note;
};

// All of a file, which may be missing or have no name: then there are none. Every mistake at once,
// with file, line and what to write. No message quotes a hash.
absl::StatusOr<std::vector<TokenRecord>> LoadTokens(const std::string& path);
absl::StatusOr<std::vector<TokenRecord>> ParseTokens(std::string_view text, std::string_view file);

// The file's text; tokens_file.h puts it in its place.
std::string TokensText(const std::vector<TokenRecord>& tokens);

// A new token: its text, to be shown once, and its record.
struct NewToken {
  std::string text;
  TokenRecord record;
};
// `draft` has everything but id and hash.
NewToken MakeToken(TokenRecord draft);

// The token as the service takes it, narrowed to what its principal may. Nothing when there is no
// such principal, or when nothing is left.
std::optional<security::IssuedToken> Issue(const TokenRecord& record,
                                           const security::PrincipalDirectory& principals);

}  // namespace supervision::config
