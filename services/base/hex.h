#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace supervision::base {

// Lower-case hexadecimal of `bytes`.
std::string HexEncode(std::string_view bytes);

// The bytes of lower- or upper-case hexadecimal; nothing when it is not such text.
std::optional<std::string> HexDecode(std::string_view hex);

}  // namespace supervision::base
