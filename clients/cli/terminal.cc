#include "clients/cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

namespace supervision::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// East Asian wide and full-width blocks (Unicode Standard Annex 11), joined where they touch.
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};
// Combining marks, joiners and variation selectors.
constexpr Range kZero[] = {
    {0x0300, 0x036F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xE0100, 0xE01EF},
};
// Controls, and what turns the direction of writing so that a line reads otherwise than it is.
constexpr Range kUnsafe[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069},
};
constexpr char32_t kReplacement = 0xFFFD;
constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "…";

template <size_t N>
bool In(const Range (&ranges)[N], char32_t value) {
  return std::any_of(std::begin(ranges), std::end(ranges), [value](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

int WidthOf(char32_t value) {
  if (value < 0x300) return 1;
  if (In(kZero, value)) return 0;
  return In(kWide, value) ? 2 : 1;
}

std::string_view Escape(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\033[1m";
    case Style::kDim:
      return "\033[2m";
    case Style::kYellow:
      return "\033[33m";
    case Style::kOrange:
      return "\033[38;5;208m";
    case Style::kRed:
      return "\033[1;31m";
    case Style::kGreen:
      return "\033[32m";
    case Style::kMarked:
      return "\033[1;7m";
  }
  return "";
}

}  // namespace

CodePoint DecodeAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1, 1};
  const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + bytes > text.size()) return {kReplacement, 1, 1};
  char32_t value = first & (0x7FU >> bytes);
  for (size_t i = at + 1; i < at + bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {kReplacement, 1, 1};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  return {value, bytes, WidthOf(value)};
}

size_t WidthOf(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    width += static_cast<size_t>(point.width);
    at += point.bytes;
  }
  return width;
}

std::string Padded(std::string_view text, size_t width) {
  const size_t own = WidthOf(text);
  return std::string(text) + std::string(width > own ? width - own : 0, ' ');
}

std::string Shortened(std::string_view text, size_t width) {
  if (WidthOf(text) <= width) return std::string(text);
  size_t used = 0;
  size_t at = 0;
  while (at < text.size()) {
    const CodePoint point = DecodeAt(text, at);
    if (used + static_cast<size_t>(point.width) + 1 > width) break;
    used += static_cast<size_t>(point.width);
    at += point.bytes;
  }
  return std::string(text.substr(0, at)).append(kEllipsis);
}

std::string Printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    if (point.value == '\n' || point.value == '\r' || point.value == '\t') {
      safe += ' ';
    } else if (point.value == kReplacement || In(kUnsafe, point.value)) {
      safe += kReplacementText;
    } else {
      safe += text.substr(at, point.bytes);
    }
    at += point.bytes;
  }
  return safe;
}

std::string CodePoints(std::string_view text, size_t begin, size_t end) {
  size_t index = 0;
  size_t at = 0;
  size_t from = text.size();
  while (at < text.size() && index < end) {
    if (index == begin) from = at;
    at += DecodeAt(text, at).bytes;
    ++index;
  }
  return from < at ? std::string(text.substr(from, at - from)) : std::string();
}

bool UseColor(ColorMode mode, int file_descriptor) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  const char* const no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* const terminal = std::getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return false;
  return isatty(file_descriptor) == 1;
}

std::string Styled(std::string_view text, Style style, bool color) {
  if (!color || style == Style::kPlain) return std::string(text);
  return std::string(Escape(style)).append(text).append("\033[0m");
}

}  // namespace supervision::cli
