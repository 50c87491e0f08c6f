#pragma once

#include <cstdint>
#include <string>

namespace supervision::cli {

// In which language texts for people are printed.
enum class Language : uint8_t { kEnglish, kChinese };

// The language of the environment: the first of LC_ALL, LC_MESSAGES and LANG that is set decides;
// anything that begins with "zh" is Chinese.
Language LanguageOfEnvironment();

// A text in both languages.
struct Text {
  const char* english;
  const char* chinese;

  const char* In(Language language) const {
    return language == Language::kChinese ? chinese : english;
  }
};

// The part of an "English, then Chinese" text that is in `language`; the whole text when it has no
// Chinese part.
std::string PartIn(Language language, const std::string& both);

}  // namespace supervision::cli
