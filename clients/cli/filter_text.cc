#include "clients/cli/filter_text.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/names.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

std::string Quoted(const std::string& value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

// One of them: "state = OPEN", "(state = OPEN OR state = RESOLVED)".
template <typename Enum>
std::string OneOf(const std::string& field, const google::protobuf::RepeatedField<int>& values) {
  std::vector<std::string> parts;
  for (const int value : values) {
    parts.push_back(absl::StrCat(field, " = ", WordOf(static_cast<Enum>(value))));
  }
  const std::string text = absl::StrJoin(parts, " OR ");
  return parts.size() > 1 ? absl::StrCat("(", text, ")") : text;
}

}  // namespace

std::string FilterText(const v1::AlertFilter& filter) {
  std::vector<std::string> parts;
  if (!filter.scenarios().empty()) {
    parts.push_back(OneOf<v1::Scenario>("scenario", filter.scenarios()));
  }
  if (filter.min_risk() != v1::RISK_UNSPECIFIED) {
    parts.push_back(absl::StrCat("risk >= ", WordOf(filter.min_risk())));
  }
  if (!filter.region_prefix().empty()) {
    parts.push_back(absl::StrCat("region : ", Quoted(filter.region_prefix())));
  }
  if (!filter.unit().empty()) parts.push_back(absl::StrCat("unit = ", Quoted(filter.unit())));
  if (!filter.states().empty()) parts.push_back(OneOf<v1::AlertState>("state", filter.states()));
  if (!filter.owner().empty()) parts.push_back(absl::StrCat("owner = ", Quoted(filter.owner())));
  if (!filter.expression().empty()) {
    const bool alone = parts.empty();
    parts.push_back(alone ? filter.expression() : absl::StrCat("(", filter.expression(), ")"));
  }
  return Printable(absl::StrJoin(parts, " AND "));
}

}  // namespace supervision::cli
