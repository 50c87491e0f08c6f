#include "services/domain/visibility.h"

#include <algorithm>

namespace supervision::domain {
namespace {

template <typename Set, typename Value>
bool Holds(const Set& set, Value value) {
  const auto number = static_cast<size_t>(value);
  return number < set.size() && set.test(number);
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// Appends a value so that no two lists of values give one text.
void Append(std::string_view value, std::string* key) {
  key->append(std::to_string(value.size()));
  key->push_back(':');
  key->append(value);
}

}  // namespace

bool Sees(const Scope& scope, const Facets& facets) {
  if (!scope.partner.empty() && facets.partner != scope.partner) return false;
  // The second reading counts too: a clue in doubt between two classes reaches those who answer for
  // either, and so does one that the first reading would put out of scope.
  if (scope.scenarios.any() && !Holds(scope.scenarios, facets.scenario) &&
      !(facets.secondary != Scenario::kUnspecified && Holds(scope.scenarios, facets.secondary))) {
    return false;
  }
  return scope.regions.empty() ||
         std::any_of(scope.regions.begin(), scope.regions.end(), [&](const std::string& prefix) {
           return StartsWith(facets.region_code, prefix);
         });
}

bool Matches(const Filter& filter, const Facets& facets) {
  if (filter.scenarios.any() && !Holds(filter.scenarios, facets.scenario)) return false;
  if (facets.risk < filter.min_risk) return false;
  if (!StartsWith(facets.region_code, filter.region_prefix)) return false;
  if (!filter.unit.empty() && facets.unit.credit_code != filter.unit &&
      facets.unit.name != filter.unit) {
    return false;
  }
  if (filter.states.any() && !Holds(filter.states, facets.state)) return false;
  if (!filter.owner.empty() && facets.owner != filter.owner) return false;
  return filter.expression.Holds(facets);
}

Projection ProjectionFor(const Scope& scope, Confidentiality confidentiality) {
  // A partner wrote what it sees.
  const bool own = !scope.partner.empty();
  if (confidentiality != Confidentiality::kSecret || scope.cleared_for_secret || own) {
    return Projection::kFull;
  }
  return Projection::kWithheld;
}

bool HasNewReaders(const Facets& was, const Facets& is) {
  if (is.partner != was.partner || !StartsWith(was.region_code, is.region_code)) return true;
  for (const Scenario reading : {is.scenario, is.secondary}) {
    if (reading == Scenario::kUnspecified) continue;
    if (reading != was.scenario && reading != was.secondary) return true;
  }
  return was.confidentiality == Confidentiality::kSecret &&
         is.confidentiality != Confidentiality::kSecret;
}

std::string ViewKey(const Scope& scope, const Filter& filter) {
  std::string key;
  Append(scope.scenarios.to_string(), &key);
  Append(std::to_string(scope.regions.size()), &key);
  for (const std::string& region : scope.regions) Append(region, &key);
  Append(scope.partner, &key);
  Append(scope.cleared_for_secret ? "1" : "0", &key);
  Append(filter.scenarios.to_string(), &key);
  Append(std::to_string(static_cast<int>(filter.min_risk)), &key);
  Append(filter.region_prefix, &key);
  Append(filter.unit, &key);
  Append(filter.states.to_string(), &key);
  Append(filter.owner, &key);
  Append(filter.expression.text(), &key);
  return key;
}

}  // namespace supervision::domain
