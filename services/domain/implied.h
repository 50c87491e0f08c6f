#pragma once

#include <string>

#include "services/domain/visibility.h"

namespace supervision::domain {

// What must hold of every clue that passes a filter, its expression included: the conditions from
// which a list may choose its index. Weaker than the filter, never stronger.
struct Implied {
  ScenarioSet scenarios;  // none set: nothing is known
  Risk min_risk = Risk::kUnspecified;
  std::string region_prefix;
  std::string unit;
  std::string partner;
  AlertStateSet states;  // none set: nothing is known
  std::string owner;
};
Implied ImpliedBy(const Filter& filter);

}  // namespace supervision::domain
