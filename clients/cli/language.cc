#include "clients/cli/language.h"

#include <cstdlib>
#include <string_view>

#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

// Where the Chinese part of `both` begins: at its first wide character, or at the quotation mark
// right before it.
size_t ChineseBegin(std::string_view both) {
  size_t run = both.size();  // where the present run of characters beyond ASCII began
  for (size_t at = 0; at < both.size();) {
    const CodePoint point = DecodeAt(both, at);
    if (point.value < 0x80) {
      run = both.size();
    } else if (run == both.size()) {
      run = at;
    }
    if (point.width == 2) return run;
    at += point.bytes;
  }
  return both.size();
}

std::string Trimmed(std::string_view text) {
  constexpr std::string_view kSeparators = " \t\r\n/|";
  const size_t begin = text.find_first_not_of(kSeparators);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSeparators) - begin + 1));
}

}  // namespace

Language LanguageOfEnvironment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).substr(0, 2) == "zh" ? Language::kChinese : Language::kEnglish;
  }
  return Language::kEnglish;
}

std::string PartIn(Language language, const std::string& both) {
  const size_t begin = ChineseBegin(both);
  if (begin == 0 || begin == both.size()) return both;
  const std::string_view view = both;
  return Trimmed(language == Language::kChinese ? view.substr(begin) : view.substr(0, begin));
}

}  // namespace supervision::cli
