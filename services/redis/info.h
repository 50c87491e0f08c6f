#pragma once

#include <map>
#include <string>
#include <string_view>

namespace supervision::redis {

// The fields of a reply to INFO, by name; of a field that occurs twice the last. Comments, empty
// lines and what has no colon are left out.
std::map<std::string, std::string> ParseInfo(std::string_view text);

}  // namespace supervision::redis
