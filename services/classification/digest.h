#pragma once

#include <string>

#include "services/classification/rules.h"

namespace supervision::classification {

// The first 12 hex digits of the SHA-256 over everything in `rules` that can change a verdict.
// Places in files and examples do not count.
std::string ShortDigest(const RuleSet& rules);

}  // namespace supervision::classification
