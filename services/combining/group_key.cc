#include "services/combining/group_key.h"

#include <algorithm>
#include <utility>

#include "services/base/hash.h"

namespace supervision::combining {
namespace {

constexpr size_t kDigestBytes = 16;

void Append(std::string_view value, std::string* text) {
  text->append(std::to_string(value.size()));
  text->push_back(':');
  text->append(value);
}

// What a clue has of one part; a clue may have several problems, and of the rest at most one.
std::vector<std::string> ValuesOf(GroupBy by, size_t region_digits, const Facts& facts) {
  const domain::Facets& facets = facts.facets;
  std::string value;
  switch (by) {
    case GroupBy::kScenario:
      value = std::string(domain::Code(facets.scenario));
      break;
    case GroupBy::kUnit:
      value = UnitOf(facets);
      break;
    case GroupBy::kRegion:
      if (facets.region_code.size() >= region_digits) {
        value = facets.region_code.substr(0, region_digits);
      }
      break;
    case GroupBy::kProblem:
      return facts.problems;
  }
  if (value.empty()) return {};
  return {std::move(value)};
}

}  // namespace

std::string_view NameOf(GroupBy by) {
  switch (by) {
    case GroupBy::kScenario:
      return "scenario";
    case GroupBy::kUnit:
      return "unit";
    case GroupBy::kRegion:
      return "region";
    case GroupBy::kProblem:
      break;
  }
  return "problem";
}

const std::string& UnitOf(const domain::Facets& facets) {
  return facets.unit.credit_code.empty() ? facets.unit.name : facets.unit.credit_code;
}

void Organs::Add(const domain::Facets& facets) {
  if (facets.unit.credit_code.empty() || facets.unit.name.empty()) return;
  codes_.emplace(facets.unit.name, facets.unit.credit_code);
}

const std::string& Organs::Of(const domain::Facets& facets) const {
  if (!facets.unit.credit_code.empty()) return facets.unit.credit_code;
  const auto code = codes_.find(facets.unit.name);
  return code == codes_.end() ? facets.unit.name : code->second;
}

std::vector<GroupKey> KeysOf(const std::vector<GroupBy>& by, size_t region_digits,
                             const Facts& facts) {
  std::vector<GroupKey> keys = {{}};
  for (const GroupBy part : by) {
    const std::vector<std::string> values = ValuesOf(part, region_digits, facts);
    std::vector<GroupKey> each;
    for (const GroupKey& key : keys) {
      for (const std::string& value : values) {
        const std::string& unit = facts.facets.unit.name;
        const bool named = part == GroupBy::kUnit && !unit.empty();
        each.push_back(key);
        each.back().push_back({std::string(NameOf(part)), value, named ? unit : value});
      }
    }
    keys = std::move(each);
  }
  return keys;
}

GroupKey PartsOf(const GroupKey& key, const std::vector<GroupBy>& by) {
  GroupKey parts;
  for (const GroupBy one : by) {
    const auto part = std::find_if(key.begin(), key.end(),
                                   [&](const auto& each) { return each.name == NameOf(one); });
    if (part != key.end()) parts.push_back(*part);
  }
  return parts;
}

std::vector<domain::AlertGroup::KeyPart> ShownOf(const GroupKey& key) {
  std::vector<domain::AlertGroup::KeyPart> shown;
  for (const KeyPart& part : key) shown.push_back({part.name, part.shown});
  return shown;
}

std::string DigestOf(const Route& route, const GroupKey& key) {
  std::string identity;
  for (const KeyPart& part : key) Append(part.value, &identity);
  std::string text = "group-1;";
  Append(route.id, &text);
  for (const KeyPart& part : key) Append(part.name, &text);
  Append(identity, &text);
  return base::Prefix(base::Sha256(text), kDigestBytes);
}

}  // namespace supervision::combining
