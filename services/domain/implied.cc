#include "services/domain/implied.h"

#include <algorithm>

#include "services/domain/expression_node.h"

namespace supervision::domain {
namespace {

using Node = Expression::Node;

// Both hold; in an empty set nothing is known.
template <typename Set>
void JoinSet(const Set& other, Set* set) {
  if (set->none()) {
    *set = other;
  } else if ((*set & other).any()) {
    *set &= other;
  }
}
template <typename Set>
void MeetSet(const Set& other, Set* set) {
  set->any() && other.any() ? * set |= other : set->reset();
}

// Both hold.
void Join(const Implied& other, Implied* implied) {
  JoinSet(other.scenarios, &implied->scenarios);
  JoinSet(other.states, &implied->states);
  implied->min_risk = std::max(implied->min_risk, other.min_risk);
  if (other.region_prefix.size() > implied->region_prefix.size()) {
    implied->region_prefix = other.region_prefix;
  }
  if (implied->unit.empty()) implied->unit = other.unit;
  if (implied->partner.empty()) implied->partner = other.partner;
  if (implied->owner.empty()) implied->owner = other.owner;
}

// One of them holds: what both say.
void Meet(const Implied& other, Implied* implied) {
  MeetSet(other.scenarios, &implied->scenarios);
  MeetSet(other.states, &implied->states);
  implied->min_risk = std::min(implied->min_risk, other.min_risk);
  const auto [end, unused] =
      std::mismatch(implied->region_prefix.begin(), implied->region_prefix.end(),
                    other.region_prefix.begin(), other.region_prefix.end());
  implied->region_prefix.erase(end, implied->region_prefix.end());
  if (implied->unit != other.unit) implied->unit.clear();
  if (implied->partner != other.partner) implied->partner.clear();
  if (implied->owner != other.owner) implied->owner.clear();
}

Implied OfComparison(const Node& node) {
  Implied implied;
  const bool equal = node.comparison == ExpressionOperator::kEqual;
  switch (node.field) {
    case ExpressionField::kScenario:
      if (equal) implied.scenarios.set(static_cast<size_t>(node.scenario));
      break;
    case ExpressionField::kRisk:
      if (equal || node.comparison == ExpressionOperator::kAtLeast ||
          node.comparison == ExpressionOperator::kGreater) {
        implied.min_risk = node.risk;
      }
      break;
    case ExpressionField::kRegion:
      if (node.comparison != ExpressionOperator::kUnequal) implied.region_prefix = node.value;
      break;
    case ExpressionField::kUnit:
      if (equal) implied.unit = node.value;
      break;
    case ExpressionField::kPartner:
      if (equal) implied.partner = node.value;
      break;
    case ExpressionField::kState:
      if (equal) implied.states.set(static_cast<size_t>(node.state));
      break;
    case ExpressionField::kOwner:
      if (equal) implied.owner = node.value;
      break;
    case ExpressionField::kSecondary:
      break;
  }
  return implied;
}

Implied Of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kComparison:
      return OfComparison(node);
    case Node::Kind::kNot:
      return {};
    case Node::Kind::kAnd:
    case Node::Kind::kOr:
      break;
  }
  Implied implied = Of(*node.parts.front());
  for (size_t i = 1; i < node.parts.size(); ++i) {
    const Implied part = Of(*node.parts[i]);
    node.kind == Node::Kind::kAnd ? Join(part, &implied) : Meet(part, &implied);
  }
  return implied;
}

}  // namespace

Implied ImpliedBy(const Filter& filter) {
  Implied implied;
  implied.scenarios = filter.scenarios;
  implied.min_risk = filter.min_risk;
  implied.region_prefix = filter.region_prefix;
  implied.unit = filter.unit;
  implied.states = filter.states;
  implied.owner = filter.owner;
  if (!filter.expression.empty()) Join(Of(*filter.expression.root()), &implied);
  return implied;
}

}  // namespace supervision::domain
