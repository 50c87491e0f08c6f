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
  // Its own spelling is what is kept and shown: it must be good to be sent again.
  const auto again = ParseExpression(expression->text());
  const auto* const same = std::get_if<Expression>(&again);
  if (same == nullptr || !(*same == *expression)) std::abort();
  return 0;
}
