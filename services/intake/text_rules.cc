#include "services/intake/text_rules.h"

#include "absl/strings/str_cat.h"
#include "services/base/utf8.h"

namespace supervision::intake {
namespace {

// What one pass over a text finds.
struct TextFacts {
  bool utf8 = true;
  bool blank = true;
  bool controls = false;
  bool breaks = false;  // tabs and line breaks
  bool turns = false;   // changes of writing direction
  size_t code_points = 0;
};

void LookAt(char32_t c, TextFacts* facts) {
  ++facts->code_points;
  const bool space = c == ' ' || c == 0x3000 || c == 0xA0 || c == 0x200B || c == 0xFEFF;
  if (c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029) {
    facts->breaks = true;
  } else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
    facts->controls = true;
  } else if ((c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069)) {
    facts->turns = true;
  } else if (!space) {
    facts->blank = false;
  }
}

TextFacts Scan(std::string_view text) {
  TextFacts facts;
  while (!text.empty()) {
    // Most of a text is Han: leads E4 to E9 begin U+4000 to U+9FFF, where all is well-formed and
    // nothing is special.
    const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
    if (text.size() >= 3 && byte(0) >= 0xE4 && byte(0) <= 0xE9 && (byte(1) & 0xC0) == 0x80 &&
        (byte(2) & 0xC0) == 0x80) {
      ++facts.code_points;
      facts.blank = false;
      text.remove_prefix(3);
      continue;
    }
    const size_t length = base::Utf8SequenceLength(text);
    if (length == 0) {
      facts.utf8 = false;
      return facts;
    }
    LookAt(base::DecodeUtf8(text.substr(0, length)), &facts);
    text.remove_prefix(length);
  }
  return facts;
}

}  // namespace

std::string FieldPath(std::string_view path, std::string_view name) {
  if (path.empty()) return std::string(name);
  std::string joined(path);
  joined.push_back('.');
  joined.append(name);
  return joined;
}

void ValidateTextField(std::string_view text, const TextRule& rule, std::string_view field,
                       Violations* violations) {
  if (text.empty() && rule.min == 0) return;
  const TextFacts facts = Scan(text);
  const auto add = [&](std::string english, std::string chinese) {
    violations->push_back({std::string(field), std::move(english), std::move(chinese)});
  };
  if (!facts.utf8) {
    return add("is not valid UTF-8; encode the text as UTF-8",
               "不是有效的 UTF-8 编码；请以 UTF-8 编码");
  }
  if (facts.blank && rule.min > 0 && !facts.controls && !facts.turns) {
    return add(absl::StrCat("is missing; write ", rule.min, " to ", rule.max, " characters"),
               absl::StrCat("缺失；请填写 ", rule.min, " 至 ", rule.max, " 个字"));
  }
  if (facts.code_points > rule.max) {
    add(absl::StrCat("is longer than ", rule.max, " characters; shorten it"),
        absl::StrCat("超过 ", rule.max, " 个字；请缩短"));
  }
  if (facts.controls) {
    add("has control characters; remove them", "含有控制字符；请删除");
  }
  if (facts.breaks && !rule.lines) {
    add("has a tab or line break; write it in one line", "含有制表符或换行；请写成一行");
  }
  if (facts.turns) {
    add("has characters that change the direction of writing (U+202A to U+202E, U+2066 to U+2069); "
        "remove them",
        "含有改变书写方向的字符（U+202A 至 U+202E、U+2066 至 U+2069）；请删除");
  }
}

}  // namespace supervision::intake
