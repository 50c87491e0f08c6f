#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "services/domain/alert.h"

namespace supervision::domain {

// A condition on an alert's facets, as a person writes it (after AIP-160):
//
//   scenario = ADMIN_ENFORCEMENT AND risk >= MEDIUM AND region : "330424"
//   (scenario = JUDICIAL OR secondary = JUDICIAL) AND NOT unit = "某县公安局"
//
// Fields: scenario, secondary (codes; = !=), risk (LOW MEDIUM HIGH; = != < <= > >=), region
// (digits; = != and ":" for a prefix), unit (name or credit code; = != and ":" for a part of the
// name), partner (= !=), state (of the alert: OPEN ACKNOWLEDGED
// RESOLVED; = !=), owner (= !=). As in AIP-160, OR binds tighter than AND; write parentheses to say
// it otherwise. A clue without a second reading, region, unit, alert or owner differs from every
// value.
//
// Immutable and cheap to copy; safe to use from any number of threads.
class Expression {
 public:
  struct Node;

  // Holds for everything.
  Expression() = default;
  explicit Expression(std::shared_ptr<const Node> root);

  bool Holds(const Facets& facets) const;

  // One spelling for all ways to write the same tree; empty for the one that always holds.
  const std::string& text() const { return text_; }
  bool empty() const { return root_ == nullptr; }
  const Node* root() const { return root_.get(); }

  bool operator==(const Expression& other) const { return text_ == other.text_; }

 private:
  std::shared_ptr<const Node> root_;
  std::string text_;
};

// Why a text is no expression. The sentences never quote the text, which may name a person.
struct ExpressionError {
  size_t column = 0;  // code point, from 1, at which it fails
  std::string english;
  std::string chinese;
};

// At most this many bytes, comparisons, and parentheses or NOTs within each other.
inline constexpr size_t kMaxExpressionBytes = 2000;
inline constexpr int kMaxComparisons = 64;
inline constexpr int kMaxExpressionDepth = 16;

// Blank text is the expression that always holds. `text` must be UTF-8.
std::variant<Expression, ExpressionError> ParseExpression(std::string_view text);

}  // namespace supervision::domain
