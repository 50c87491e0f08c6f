// Text to tree, by recursive descent:
//
//   expression  one-of { AND one-of }
//   one-of      term { OR term }
//   term        NOT term | "(" expression ")" | field operator value
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "services/domain/expression.h"
#include "services/domain/expression_node.h"
#include "services/domain/stored_expression.h"

namespace supervision::domain {
namespace {

using Node = Expression::Node;
using NodePtr = std::shared_ptr<const Node>;

struct FieldRow {
  std::string_view name;
  ExpressionField field;
  std::string_view operators;  // in the order of the sentence
};
constexpr std::array<FieldRow, 8> kFields = {{
    {"scenario", ExpressionField::kScenario, "= !="},
    {"secondary", ExpressionField::kSecondary, "= !="},
    {"risk", ExpressionField::kRisk, "= != < <= > >="},
    {"region", ExpressionField::kRegion, "= != :"},
    {"unit", ExpressionField::kUnit, "= != :"},
    {"partner", ExpressionField::kPartner, "= !="},
    {"state", ExpressionField::kState, "= !="},
    {"owner", ExpressionField::kOwner, "= !="},
}};

struct OperatorRow {
  std::string_view text;
  ExpressionOperator comparison;
};
// The longer ones first.
constexpr std::array<OperatorRow, 7> kOperators = {{
    {"!=", ExpressionOperator::kUnequal},
    {"<=", ExpressionOperator::kAtMost},
    {">=", ExpressionOperator::kAtLeast},
    {"=", ExpressionOperator::kEqual},
    {"<", ExpressionOperator::kLess},
    {">", ExpressionOperator::kGreater},
    {":", ExpressionOperator::kHas},
}};

bool Allows(std::string_view operators, std::string_view one) {
  while (!operators.empty()) {
    const size_t end = std::min(operators.find(' '), operators.size());
    if (operators.substr(0, end) == one) return true;
    operators.remove_prefix(std::min(end + 1, operators.size()));
  }
  return false;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// What an unquoted word may have: everything that is no space, quote, parenthesis or operator.
bool IsWord(char c) {
  return !IsSpace(c) && std::string_view("()\"=!<>:,").find(c) == std::string_view::npos;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::variant<Expression, ExpressionError> Parse() {
    SkipSpace();
    if (at_ == text_.size()) return Expression();
    NodePtr root = ParseAnd(0);
    if (root != nullptr && at_ < text_.size()) {
      root = Fail(
          at_,
          "something follows that does not belong to the condition; join conditions by AND or OR",
          "条件之后有多余内容；请用 AND 或 OR 连接各条件");
    }
    if (root == nullptr) return *error_;
    return Expression(std::move(root));
  }

 private:
  NodePtr Fail(size_t at, std::string english, std::string chinese) {
    if (!error_.has_value()) {
      const std::string_view before = text_.substr(0, at);
      const auto column = 1 + std::count_if(before.begin(), before.end(),
                                            [](char c) { return (c & 0xC0) != 0x80; });
      error_ = ExpressionError{static_cast<size_t>(column), std::move(english), std::move(chinese)};
    }
    return nullptr;
  }

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  std::string_view PeekWord() const {
    size_t end = at_;
    while (end < text_.size() && IsWord(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  bool TakeKeyword(std::string_view keyword) {
    if (PeekWord() != keyword) return false;
    at_ += keyword.size();
    SkipSpace();
    return true;
  }
  bool TakeMark(char mark) {
    if (at_ == text_.size() || text_[at_] != mark) return false;
    ++at_;
    SkipSpace();
    return true;
  }

  NodePtr ParseAnd(int depth) { return ParseList(Node::Kind::kAnd, "AND", depth); }

  // Parts joined by one word: those of AND are lists joined by OR, those of OR are terms.
  NodePtr ParseList(Node::Kind kind, std::string_view word, int depth) {
    auto list = std::make_shared<Node>();
    list->kind = kind;
    do {
      NodePtr part =
          kind == Node::Kind::kAnd ? ParseList(Node::Kind::kOr, "OR", depth) : ParseTerm(depth);
      if (part == nullptr) return nullptr;
      list->parts.push_back(std::move(part));
    } while (TakeKeyword(word));
    if (list->parts.size() == 1) return list->parts.front();
    return list;
  }

  NodePtr ParseTerm(int depth) {
    if (depth > kMaxExpressionDepth) {
      return Fail(at_, "conditions lie deeper than 16 levels; write fewer parentheses",
                  "嵌套超过 16 层；请减少括号");
    }
    if (TakeKeyword("NOT")) {
      NodePtr part = ParseTerm(depth + 1);
      if (part == nullptr) return nullptr;
      auto negation = std::make_shared<Node>();
      negation->kind = Node::Kind::kNot;
      negation->parts.push_back(std::move(part));
      return negation;
    }
    const size_t open = at_;
    if (TakeMark('(')) {
      NodePtr inner = ParseAnd(depth + 1);
      if (inner != nullptr && !TakeMark(')')) {
        return Fail(open, "this parenthesis is not closed; write the ')' that belongs to it",
                    "括号没有闭合；请补上对应的“)”");
      }
      return inner;
    }
    return ParseComparison();
  }

  NodePtr ParseComparison() {
    const std::string_view name = PeekWord();
    const auto field = std::find_if(kFields.begin(), kFields.end(),
                                    [name](const FieldRow& row) { return row.name == name; });
    if (field == kFields.end()) {
      return Fail(at_,
                  "a field must stand here; write one of scenario, secondary, risk, region, unit, "
                  "partner, state, owner",
                  "此处应为字段名；可用 "
                  "scenario、secondary、risk、region、unit、partner、state、owner");
    }
    if (++comparisons_ > kMaxComparisons) {
      return Fail(at_, "there are more than 64 conditions; write fewer", "条件超过 64 个；请减少");
    }
    at_ += name.size();
    SkipSpace();
    const auto found = std::find_if(
        kOperators.begin(), kOperators.end(),
        [this](const OperatorRow& row) { return text_.substr(at_, row.text.size()) == row.text; });
    if (found == kOperators.end() || !Allows(field->operators, found->text)) {
      const std::string operators(field->operators);
      return Fail(at_, "this field takes one of the operators " + operators,
                  "该字段可用的运算符：" + operators);
    }
    at_ += found->text.size();
    SkipSpace();
    auto node = std::make_shared<Node>();
    node->field = field->field;
    node->comparison = found->comparison;
    const size_t value_at = at_;
    if (!TakeValue(&node->value)) return nullptr;
    return Typed(std::move(node), value_at);
  }

  bool TakeValue(std::string* value) {
    const size_t begin = at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        value->push_back(text_[at_]);
      }
      if (at_ == text_.size()) {
        Fail(begin, "this quotation is not closed; write the '\"' that belongs to it",
             "引号没有闭合；请补上对应的引号");
        return false;
      }
      ++at_;
    } else {
      const std::string_view word = PeekWord();
      *value = word;
      at_ += word.size();
    }
    SkipSpace();
    if (!value->empty()) return true;
    Fail(begin, "a value must stand here; write a word, or a text in quotation marks",
         "此处应为取值；请写一个词，或加引号的文本");
    return false;
  }

  // The value as the field's type has it.
  NodePtr Typed(std::shared_ptr<Node> node, size_t value_at) {
    switch (node->field) {
      case ExpressionField::kScenario:
      case ExpressionField::kSecondary: {
        const std::optional<Scenario> scenario = ScenarioFromCode(node->value);
        if (!scenario.has_value()) {
          return Fail(value_at,
                      "is no scenario; write a code that ListScenarios names, such as JUDICIAL",
                      "子场景代码未知；请使用 ListScenarios 返回的代码，如 JUDICIAL");
        }
        node->scenario = *scenario;
        break;
      }
      case ExpressionField::kRisk: {
        const std::optional<Risk> risk = RiskFromCode(node->value);
        if (!risk.has_value()) {
          return Fail(value_at, "is no risk; write LOW, MEDIUM or HIGH",
                      "风险等级未知；请使用 LOW、MEDIUM 或 HIGH");
        }
        node->risk = *risk;
        break;
      }
      case ExpressionField::kRegion: {
        const std::string& digits = node->value;
        if (digits.size() < 2 || digits.size() > 9 ||
            !std::all_of(digits.begin(), digits.end(),
                         [](char c) { return c >= '0' && c <= '9'; })) {
          return Fail(value_at, "is no region code; write 2 to 9 digits",
                      "区划代码有误；应为 2 至 9 位数字");
        }
        break;
      }
      case ExpressionField::kState: {
        const std::optional<AlertState> state = AlertStateFromCode(node->value);
        if (!state.has_value()) {
          return Fail(value_at, "is no state of an alert; write OPEN, ACKNOWLEDGED or RESOLVED",
                      "预警状态未知；请使用 OPEN、ACKNOWLEDGED 或 RESOLVED");
        }
        node->state = *state;
        break;
      }
      case ExpressionField::kUnit:
      case ExpressionField::kPartner:
      case ExpressionField::kOwner:
        break;
    }
    return node;
  }

  const std::string_view text_;
  size_t at_ = 0;
  int comparisons_ = 0;
  std::optional<ExpressionError> error_;
};

}  // namespace

std::variant<Expression, ExpressionError> ParseExpression(std::string_view text) {
  if (text.size() > kMaxExpressionBytes) {
    return ExpressionError{1, "the expression is longer than 2,000 bytes; write a shorter one",
                           "表达式超过 2000 字节；请缩短"};
  }
  auto parsed = Parser(text).Parse();
  // What is kept and shown is the expression's own spelling: it must be good to be sent again.
  const auto* const expression = std::get_if<Expression>(&parsed);
  if (expression == nullptr || expression->text().size() <= kMaxExpressionBytes) return parsed;
  return ExpressionError{
      1,
      "with its values in quotation marks and blanks around its operators, as it is kept, the "
      "expression is longer than 2,000 bytes; write a shorter one",
      "表达式按规范写法（取值加引号、运算符两侧加空格）保存时超过 2000 字节；请缩短"};
}

std::optional<Expression> ReadStoredExpression(std::string_view text) {
  auto parsed = Parser(text).Parse();
  if (!std::holds_alternative<Expression>(parsed)) return std::nullopt;
  return std::get<Expression>(std::move(parsed));
}

}  // namespace supervision::domain
