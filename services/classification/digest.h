#pragma once

#include <string>

#include "services/classification/rules.h"

namespace supervision::classification {

// The first 12 hex digits of the SHA-256 over everything in `rules` that can change a verdict or
// its explanation on the day of the rules: it is another on the day on which a rule begins or ends.
// Places in files and examples do not count.
std::string ShortDigest(const RuleSet& rules);

}  // namespace supervision::classification
