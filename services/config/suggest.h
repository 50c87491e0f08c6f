#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace supervision::config {

// What to tell about a word that is none of `known`: "did you mean 'listen'?" when one is near,
// else "write one of a, b, c" (as many as fit in a line).
std::string Suggest(std::string_view word, const std::vector<std::string>& known);

// The one of `known` that is so near to `word` that it was probably meant; empty when none is.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

// `word` as it may be shown in a message: in quotes, shortened, without control characters.
std::string Quote(std::string_view word);

}  // namespace supervision::config
