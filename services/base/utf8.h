#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace supervision::base {

// The length in bytes of the well-formed UTF-8 sequence at the start of `text` (RFC 3629: no
// overlong forms, no surrogates, nothing above U+10FFFF); 0 when there is none. REQUIRES: not
// empty.
size_t Utf8SequenceLength(std::string_view text);

// The code point of a well-formed sequence of 1 to 4 bytes.
char32_t DecodeUtf8(std::string_view sequence);

// The offset of the first byte that is not part of a well-formed sequence; npos when all are.
size_t FirstInvalidUtf8(std::string_view text);

inline bool IsUtf8(std::string_view text) {
  return FirstInvalidUtf8(text) == std::string_view::npos;
}

// The code points of well-formed text.
size_t CountCodePoints(std::string_view text);

}  // namespace supervision::base
