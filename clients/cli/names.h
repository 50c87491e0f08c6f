#pragma once

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace supervision::cli {

// What all values of an enum begin with: "CHANNEL_" of CHANNEL_UNSPECIFIED.
inline std::string PrefixOf(const google::protobuf::EnumDescriptor& type) {
  constexpr std::string_view kUnspecified = "UNSPECIFIED";
  const std::string& first = type.value(0)->name();
  return first.substr(0, first.size() - kUnspecified.size());
}

// The word that the command line uses for a value: "ADMIN_ENFORCEMENT", "HIGH"; the number for one
// that this program does not know.
template <typename Enum>
std::string WordOf(Enum value) {
  const auto* const type = google::protobuf::GetEnumDescriptor<Enum>();
  const auto* const entry = type->FindValueByNumber(static_cast<int>(value));
  return entry == nullptr ? std::to_string(static_cast<int>(value))
                          : entry->name().substr(PrefixOf(*type).size());
}

// The value of a word, in upper or lower case and with "-" or "_"; nothing when there is none.
template <typename Enum>
std::optional<Enum> FromWord(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  const auto* const type = google::protobuf::GetEnumDescriptor<Enum>();
  const std::string prefix = PrefixOf(*type);
  const bool has_prefix = word.rfind(prefix, 0) == 0;
  const auto* const entry = type->FindValueByName(has_prefix ? word : prefix + word);
  if (entry == nullptr || entry->number() == 0) return std::nullopt;
  return static_cast<Enum>(entry->number());
}

// All words of an enum but UNSPECIFIED, for a help text: "hotline, petition, …".
template <typename Enum>
std::string WordsOf() {
  const auto* const type = google::protobuf::GetEnumDescriptor<Enum>();
  std::string words;
  for (int i = 1; i < type->value_count(); ++i) {
    if (!words.empty()) words += ", ";
    for (const unsigned char c : WordOf(static_cast<Enum>(type->value(i)->number()))) {
      words += c == '_' ? '-' : static_cast<char>(std::tolower(c));
    }
  }
  return words;
}

}  // namespace supervision::cli
