#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace supervision::cli {

// One code point of a UTF-8 text.
struct CodePoint {
  char32_t value = 0;  // U+FFFD for a byte that is not UTF-8
  size_t bytes = 1;
  int width = 1;  // columns of a terminal: 2 for East Asian wide characters, 0 for marks
};

// The code point that begins at byte `at` of a text that is longer than that.
CodePoint DecodeAt(std::string_view text, size_t at);

// Columns that `text` takes on a terminal; it must be without escape sequences.
size_t WidthOf(std::string_view text);

// `text` followed by as many spaces as it is shorter than `width` columns.
std::string Padded(std::string_view text, size_t width);

// `text` cut to `width` columns, with "…" at its end where something is missing.
std::string Shortened(std::string_view text, size_t width);

// `text` on one line and safe to print: line breaks and tabs become spaces, other control
// characters and those that turn the direction of writing become U+FFFD.
std::string Printable(std::string_view text);

// The part of `text` from code point `begin` to before `end`.
std::string CodePoints(std::string_view text, size_t begin, size_t end);

// How text is made to stand out.
enum class Style : uint8_t { kPlain, kBold, kDim, kYellow, kOrange, kRed, kGreen, kMarked };

// When to use colours.
enum class ColorMode : uint8_t { kAuto, kAlways, kNever };

// Whether what is written to `file_descriptor` gets colours: only a terminal does by itself, and
// only while NO_COLOR is unset.
bool UseColor(ColorMode mode, int file_descriptor);

// `text` in a style, or as it is without colours.
std::string Styled(std::string_view text, Style style, bool color);

}  // namespace supervision::cli
