#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/security/principal.h"

namespace supervision::config {

// principals.yaml, read and checked.
struct LoadedPrincipals {
  std::shared_ptr<const security::PrincipalDirectory> directory;
  size_t count = 0;
  // The file says that it is the shipped example, or one of the shipped tokens is
  // still in it: see security::CheckExampleMayListen.
  bool example = false;
  // Tokens of tokens.yaml whose principal is gone, or has nothing left of what they were for.
  size_t void_tokens = 0;
  // Of principals.yaml and the issued tokens (text_digest.h).
  std::string digest;
};

// Every mistake at once, with file, line and what to write. No message quotes a hash.
// `tokens`: the file of issued tokens, which may be missing; empty for none.
absl::StatusOr<LoadedPrincipals> LoadPrincipals(const std::string& path,
                                                const std::string& tokens = "");
absl::StatusOr<LoadedPrincipals> ParsePrincipals(std::string_view text, std::string_view file);

// "<salt hex>:<SHA-256 hex>"; nothing for any other text.
std::optional<security::TokenHash> ParseTokenHash(std::string_view text);
// Whether a text is the first 2 to 9 digits of a region code.
bool IsRegionPrefix(std::string_view text);

}  // namespace supervision::config
