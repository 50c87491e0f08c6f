#pragma once

#include <string>
#include <vector>

#include "services/classification/catalogue.h"
#include "services/classification/rules.h"

namespace supervision::classification {

// Adds to `errors` each citation that does not hold on the day of the rules: of a statute that has
// ended, that is not yet in force, or that is not listed. Items that are not in force themselves
// are passed over. Without a list of statutes only the citations' own dates are looked at.
void CheckCitations(const Catalogue& catalogue, const RuleSet& rules,
                    std::vector<std::string>* errors);

}  // namespace supervision::classification
