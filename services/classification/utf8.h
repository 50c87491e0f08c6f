#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace supervision::classification {

// As DecodeUtf8, for whatever comes.
char32_t DecodeAnyUtf8(std::string_view text, size_t* at);

// Reads one code point of `text` at `*at` and moves `*at` behind it. Each maximal ill-formed piece
// is read as one U+FFFD, as the Unicode standard recommends. `*at` must be inside the text.
inline char32_t DecodeUtf8(std::string_view text, size_t* at) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data()) + *at;
  if (bytes[0] < 0x80) {
    ++*at;
    return bytes[0];
  }
  // Nearly all else is Han or its punctuation: three bytes. Leads E0 and ED bound their second.
  if ((bytes[0] & 0xF0) == 0xE0 && bytes[0] != 0xE0 && bytes[0] != 0xED && text.size() - *at >= 3 &&
      (bytes[1] & 0xC0) == 0x80 && (bytes[2] & 0xC0) == 0x80) {
    *at += 3;
    return (bytes[0] & 0x0FU) << 12 | (bytes[1] & 0x3FU) << 6 | (bytes[2] & 0x3FU);
  }
  return DecodeAnyUtf8(text, at);
}

constexpr size_t kLongestUtf8 = 4;

// Writes `point`, which must be a Unicode scalar value, to `out`; returns the number of bytes.
inline size_t EncodeUtf8(char32_t point, char* out) {
  if (point < 0x80) {
    out[0] = static_cast<char>(point);
    return 1;
  }
  size_t size = 0;
  if (point < 0x800) {
    out[size++] = static_cast<char>(0xC0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      out[size++] = static_cast<char>(0xE0 | (point >> 12));
    } else {
      out[size++] = static_cast<char>(0xF0 | (point >> 18));
      out[size++] = static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    }
    out[size++] = static_cast<char>(0x80 | ((point >> 6) & 0x3F));
  }
  out[size++] = static_cast<char>(0x80 | (point & 0x3F));
  return size;
}

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
