#include "services/domain/expression.h"

#include <algorithm>
#include <array>

#include "services/domain/expression_node.h"

namespace supervision::domain {
namespace {

using Node = Expression::Node;

constexpr std::array<std::string_view, 8> kFieldNames = {"scenario", "secondary", "risk",  "region",
                                                         "unit",     "partner",   "state", "owner"};
constexpr std::array<std::string_view, 7> kOperators = {"=", "!=", "<", "<=", ">", ">=", ":"};

template <typename T>
bool Compare(const T& left, ExpressionOperator comparison, const T& right) {
  switch (comparison) {
    case ExpressionOperator::kEqual:
      return left == right;
    case ExpressionOperator::kUnequal:
      return left != right;
    case ExpressionOperator::kLess:
      return left < right;
    case ExpressionOperator::kAtMost:
      return left <= right;
    case ExpressionOperator::kGreater:
      return left > right;
    case ExpressionOperator::kAtLeast:
      return left >= right;
    case ExpressionOperator::kHas:
      break;
  }
  return false;
}

bool UnitHolds(const ReportedUnit& unit, const Node& node) {
  if (node.comparison == ExpressionOperator::kHas) {
    return unit.name.find(node.value) != std::string::npos;
  }
  const bool same = unit.name == node.value || unit.credit_code == node.value;
  return same == (node.comparison == ExpressionOperator::kEqual);
}

bool ComparisonHolds(const Node& node, const Facets& facets) {
  switch (node.field) {
    case ExpressionField::kScenario:
      return Compare(facets.scenario, node.comparison, node.scenario);
    case ExpressionField::kSecondary:
      return Compare(facets.secondary, node.comparison, node.scenario);
    case ExpressionField::kRisk:
      return Compare(facets.risk, node.comparison, node.risk);
    case ExpressionField::kRegion:
      if (node.comparison == ExpressionOperator::kHas) {
        return facets.region_code.compare(0, node.value.size(), node.value) == 0;
      }
      return Compare(facets.region_code, node.comparison, node.value);
    case ExpressionField::kUnit:
      return UnitHolds(facets.unit, node);
    case ExpressionField::kPartner:
      return Compare(facets.partner, node.comparison, node.value);
    case ExpressionField::kState:
      return Compare(facets.state, node.comparison, node.state);
    case ExpressionField::kOwner:
      return Compare(facets.owner, node.comparison, node.value);
  }
  return false;
}

bool NodeHolds(const Node& node, const Facets& facets) {
  const auto holds = [&facets](const auto& part) { return NodeHolds(*part, facets); };
  switch (node.kind) {
    case Node::Kind::kComparison:
      return ComparisonHolds(node, facets);
    case Node::Kind::kAnd:
      return std::all_of(node.parts.begin(), node.parts.end(), holds);
    case Node::Kind::kOr:
      return std::any_of(node.parts.begin(), node.parts.end(), holds);
    case Node::Kind::kNot:
      return !holds(node.parts.front());
  }
  return false;
}

std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

std::string ValueText(const Node& node) {
  switch (node.field) {
    case ExpressionField::kScenario:
    case ExpressionField::kSecondary:
      return std::string(Code(node.scenario));
    case ExpressionField::kRisk:
      return std::string(Code(node.risk));
    case ExpressionField::kState:
      return std::string(Code(node.state));
    default:
      return Quoted(node.value);
  }
}

std::string TextOf(const Node& node) {
  if (node.kind == Node::Kind::kComparison) {
    std::string text(kFieldNames[static_cast<size_t>(node.field)]);
    text += ' ';
    text += kOperators[static_cast<size_t>(node.comparison)];
    return text + ' ' + ValueText(node);
  }
  // Parentheses only where they must have stood, so that no spelling lies deeper than its source.
  if (node.kind == Node::Kind::kNot) {
    const Node& part = *node.parts.front();
    const bool list = part.kind == Node::Kind::kAnd || part.kind == Node::Kind::kOr;
    return list ? "NOT (" + TextOf(part) + ')' : "NOT " + TextOf(part);
  }
  std::string text;
  for (const auto& part : node.parts) {
    if (!text.empty()) text += node.kind == Node::Kind::kAnd ? " AND " : " OR ";
    const bool plain = part->kind == Node::Kind::kComparison || part->kind == Node::Kind::kNot ||
                       (node.kind == Node::Kind::kAnd && part->kind == Node::Kind::kOr);
    text += plain ? TextOf(*part) : '(' + TextOf(*part) + ')';
  }
  return text;
}

}  // namespace

Expression::Expression(std::shared_ptr<const Node> root)
    : root_(std::move(root)), text_(root_ == nullptr ? "" : TextOf(*root_)) {}

bool Expression::Holds(const Facets& facets) const {
  return root_ == nullptr || NodeHolds(*root_, facets);
}

}  // namespace supervision::domain
