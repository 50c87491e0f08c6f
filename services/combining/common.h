#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/domain/alert.h"

namespace supervision::combining {

// What the combining looks at of one clue.
struct Facts {
  domain::Facets facets;
  std::vector<std::string> problems;
  int points = 0;  // of the risk score
  // Whom its act hits, at least: as its partner says, or as many as its text plainly names, and
  // one.
  int64_t persons = 1;
  std::shared_ptr<const domain::MatterKeys> matter;  // where persons are counted; null: none
};
using FactsPtr = std::shared_ptr<const Facts>;

// `with_matter`: also by what it is known to be about the same as another.
FactsPtr FactsOf(const domain::Alert& alert, bool with_matter = false);

// What all of several clues have in common: the facets of an alert about them. Whoever may see
// these facets may see each of the clues, because a facet in which two of them differ is given up,
// a region is cut to what both begin with, and the strictest confidentiality holds. So a derived
// alert, its numbers included, tells nobody of a clue outside its scope.
class Common {
 public:
  void Add(const Facts& facts);

  bool empty() const { return empty_; }
  // The risk is the highest of all.
  const domain::Facets& facets() const { return facets_; }
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  bool empty_ = true;
  domain::Facets facets_;
  std::vector<std::string> problems_;
};

}  // namespace supervision::combining
