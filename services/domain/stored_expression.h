#pragma once

#include <optional>
#include <string_view>

#include "services/domain/expression.h"

namespace supervision::domain {

// The expression of `text`, the spelling of one that was accepted before, however long it is: what
// was once let in must be readable as long as it is kept. Nothing for what is no expression.
std::optional<Expression> ReadStoredExpression(std::string_view text);

}  // namespace supervision::domain
