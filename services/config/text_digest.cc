#include "services/config/text_digest.h"

#include "services/base/hash.h"
#include "services/base/hex.h"

namespace supervision::config {

std::string TextDigest(std::initializer_list<std::string_view> texts) {
  constexpr size_t kBytes = 6;
  std::string parts;  // of one length, so that where a text ends counts too
  for (const std::string_view text : texts) parts += base::Prefix(base::Sha256(text), 32);
  return base::HexEncode(base::Prefix(base::Sha256(parts), kBytes));
}

}  // namespace supervision::config
