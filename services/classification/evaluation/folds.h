#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace supervision::classification {

// Deals clues into `folds` folds for cross-validation: the fold of each clue. Clues of one group
// stay together, so that nothing is tested on what is nearly its own training text; those of one
// stratum (a class, or a class of one source) are spread as evenly as the groups permit. The same
// input and seed always give the same folds.
std::vector<size_t> AssignFolds(std::span<const uint32_t> strata, std::span<const uint32_t> groups,
                                size_t folds, uint64_t seed);

}  // namespace supervision::classification
