#pragma once

#include <string>
#include <vector>

#include "services/classification/rules.h"

namespace supervision::classification {

// The examples of `rules` that their rule does not match, and the counter-examples that it does: a
// line each, with the place and the remedy. Rules that are not in force today are tried too. Empty
// also where the patterns do not compile, which Classifier::Create tells.
std::vector<std::string> FailedExamples(const RuleSet& rules);

}  // namespace supervision::classification
