#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/domain/expression.h"

namespace supervision::domain {

enum class ExpressionField : uint8_t {
  kScenario,
  kSecondary,
  kRisk,
  kRegion,
  kUnit,
  kPartner,
  kState,
  kOwner,
};
enum class ExpressionOperator : uint8_t {
  kEqual,
  kUnequal,
  kLess,
  kAtMost,
  kGreater,
  kAtLeast,
  kHas,
};

// One place of the tree: a comparison, or one of the three ways to combine.
struct Expression::Node {
  enum class Kind : uint8_t { kComparison, kAnd, kOr, kNot };
  Kind kind = Kind::kComparison;
  // kComparison
  ExpressionField field = ExpressionField::kScenario;
  ExpressionOperator comparison = ExpressionOperator::kEqual;
  Scenario scenario = Scenario::kUnspecified;   // of kScenario and kSecondary
  Risk risk = Risk::kUnspecified;               // of kRisk
  AlertState state = AlertState::kUnspecified;  // of kState
  std::string value;                            // of the other fields
  // kAnd, kOr: two or more; kNot: one
  std::vector<std::shared_ptr<const Node>> parts;
};

}  // namespace supervision::domain
