#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

}  // namespace

char32_t DecodeAnyUtf8(std::string_view text, size_t* at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
  };
  const uint32_t lead = byte((*at)++);
  if (lead < 0x80) {
    return lead;
  }
  // The range of the second byte shuts out overlong forms, surrogates and values over U+10FFFF.
  uint32_t low = 0x80;
  uint32_t high = 0xBF;
  int more = 0;
  char32_t point = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1;
    point = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2;
    point = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3;
    point = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return kReplacement;
  }
  for (; more > 0; --more) {
    const uint32_t next = byte(*at);
    if (next < low || next > high) {
      return kReplacement;
    }
    point = (point << 6) | (next & 0x3F);
    ++*at;
    low = 0x80;
    high = 0xBF;
  }
  return point;
}

void AppendUtf8(char32_t point, std::string* out) {
  char bytes[kLongestUtf8];
  out->append(bytes, EncodeUtf8(point, bytes));
}

size_t CountCodePoints(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) {
    DecodeUtf8(text, &at);
  }
  return count;
}

}  // namespace supervision::classification
