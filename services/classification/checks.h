#pragma once

#include <string>
#include <vector>

#include "services/classification/catalogue.h"
#include "services/classification/rules.h"

namespace supervision::classification {

// What is wrong with a catalogue or a rule set as a whole: each mistake is one line with its place
// and remedy. Patterns are checked where they are compiled (rule_index.h). A catalogue or class
// whose days have ended is told in `ended`.
void CheckCatalogue(const Catalogue& catalogue, absl::CivilDay as_of,
                    std::vector<std::string>* errors, std::vector<std::string>* ended);
void CheckRules(const RuleSet& rules, std::vector<std::string>* errors);

}  // namespace supervision::classification
