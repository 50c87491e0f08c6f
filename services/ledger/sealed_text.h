#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace supervision::ledger {

// Opaque text for clients: base64url of a format byte, the bytes and a MAC of 8 bytes over the
// purpose and both. A client can neither make nor change one; it is not secret.
std::string Seal(std::string_view secret, std::string_view purpose, std::string_view bytes);

struct Unsealed {
  std::string bytes;
  bool genuine = false;  // the MAC is ours
};
// Nothing when `text` cannot be such a text at all.
std::optional<Unsealed> Unseal(std::string_view secret, std::string_view purpose,
                               std::string_view text);

}  // namespace supervision::ledger
