#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "services/classification/evaluation/answer.h"

namespace supervision::classification {

// How often clues of one class were said to be of another.
struct Confusion {
  std::vector<std::string> classes;
  std::vector<std::vector<size_t>> counts;  // [labelled][said], by place in `classes`
};

// A pair of classes that were mistaken for each other.
struct Mistake {
  std::string label;
  std::string said;
  size_t clues = 0;
};

// `classes` must name every class that is labelled or said. The table is about first labels: an
// answer that is accepted beside the label stands off the diagonal too.
Confusion Confuse(std::span<const Judged> judged, std::vector<std::string> classes);

// The entries off the diagonal, most frequent first, at most `most`.
std::vector<Mistake> FrequentMistakes(const Confusion& confusion, size_t most);

}  // namespace supervision::classification
