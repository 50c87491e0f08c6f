#pragma once

#include <cstddef>
#include <string_view>

#include "services/intake/validation.h"

namespace supervision::intake {

// What a text field may hold.
struct TextRule {
  size_t min = 0;  // code points; 1: must not be blank
  size_t max = 0;
  bool lines = false;  // tabs and line breaks are allowed
};

// Adds what is wrong with `text`: blank, too long, control characters, characters that turn the
// direction of writing (they can make a text read otherwise than it is sorted), not UTF-8.
void ValidateTextField(std::string_view text, const TextRule& rule, std::string_view field,
                       Violations* violations);

// Puts `path` before `name`: "clue" and "title" give "clue.title", "" and "title" give "title".
std::string FieldPath(std::string_view path, std::string_view name);

}  // namespace supervision::intake
