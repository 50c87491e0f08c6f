// Texts that a client may send as a filter expression.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/domain/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using supervision::domain::Expression;
  using supervision::domain::ParseExpression;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = ParseExpression(text);
  const auto* const expression = std::get_if<Expression>(&parsed);
  if (expression == nullptr) return 0;
  expression->Holds({});
  // Its own spelling is longer than what was sent, so it may go over the bound, and says so.
  if (expression->text().size() > supervision::domain::kMaxExpressionBytes) return 0;
  const auto again = ParseExpression(expression->text());
  const auto* const same = std::get_if<Expression>(&again);
  if (same == nullptr || !(*same == *expression)) std::abort();
  return 0;
}
