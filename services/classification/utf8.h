#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace supervision::classification {

// Reads one code point of `text` at `*at` and moves `*at` behind it. Each maximal ill-formed piece
// is read as one U+FFFD, as the Unicode standard recommends. `*at` must be inside the text.
char32_t DecodeUtf8(std::string_view text, size_t* at);

// Appends `point`, which must be a Unicode scalar value.
void AppendUtf8(char32_t point, std::string* out);

// The number of code points that DecodeUtf8 would read.
size_t CountCodePoints(std::string_view text);

// True for Han ideographs and the ideographic zero.
constexpr bool IsHan(char32_t point) {
  return (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0x3400 && point <= 0x4DBF) ||
         (point >= 0xF900 && point <= 0xFAFF) || (point >= 0x20000 && point <= 0x3FFFF) ||
         point == 0x3007;
}

}  // namespace supervision::classification
