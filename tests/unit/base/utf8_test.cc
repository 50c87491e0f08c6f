#include "services/base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace supervision::base {
namespace {

struct Case {
  const char* name;
  std::string text;
  size_t first_invalid;
};

TEST(Utf8Test, FindsTheFirstByteThatIsNotUtf8) {
  const size_t none = std::string_view::npos;
  const Case cases[] = {
      {"empty", "", none},
      {"ascii", "abc", none},
      {"two, three and four bytes", "\u00e9海\U00020000", none},
      {"last code point", "\xF4\x8F\xBF\xBF", none},
      {"NUL", std::string("a\0b", 3), none},
      {"continuation alone", "a\x80", 1},
      {"overlong two", "ab\xC0\x80", 2},
      {"overlong three", "\xE0\x9F\xBF", 0},
      {"overlong four", "\xF0\x8F\xBF\xBF", 0},
      {"surrogate", "x\xED\xA0\x80", 1},
      {"above the last", "\xF4\x90\x80\x80", 0},
      {"no such lead", "\xFF", 0},
      {"cut short", "海\xE6\xB5", 3},
      {"cut in the middle", "\xE6\xB5z", 0},
  };
  for (const Case& c : cases) EXPECT_EQ(FirstInvalidUtf8(c.text), c.first_invalid) << c.name;
}

TEST(Utf8Test, DecodesAndCountsCodePoints) {
  const std::string text = "z\u00e9海\U0010FFFF";
  const char32_t expected[] = {U'z', 0xE9, U'海', 0x10FFFF};
  std::string_view rest = text;
  for (const char32_t code_point : expected) {
    const size_t length = Utf8SequenceLength(rest);
    EXPECT_EQ(DecodeUtf8(rest.substr(0, length)), code_point);
    rest.remove_prefix(length);
  }
  EXPECT_EQ(CountCodePoints(text), 4u);
}

}  // namespace
}  // namespace supervision::base
