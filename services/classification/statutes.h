#pragma once

#include <string>
#include <vector>

#include "services/classification/catalogue.h"
#include "services/classification/rules.h"

namespace supervision::classification {

// Adds to `errors` each citation that does not hold on the day of the rules: of a statute that is
// not yet in force, or that is not listed; and to `ended` each of one that has ended, as only days
// that pass can make of a good one. Items that are not in force themselves are passed over. Without
// a list of statutes only the citations' own dates are looked at.
void CheckCitations(const Catalogue& catalogue, const RuleSet& rules,
                    std::vector<std::string>* errors, std::vector<std::string>* ended);

// The catalogue without the citations of its classes that have ended: what a reader is shown as the
// basis of a class is the law in force.
Catalogue WithoutEndedCitations(const Catalogue& catalogue, const RuleSet& rules);

}  // namespace supervision::classification
