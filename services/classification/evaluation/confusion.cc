#include "services/classification/evaluation/confusion.h"

#include <algorithm>
#include <map>
#include <utility>

namespace supervision::classification {

Confusion Confuse(std::span<const Judged> judged, std::vector<std::string> classes) {
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < classes.size(); ++i) {
    place.emplace(classes[i], i);
  }
  Confusion confusion;
  confusion.counts.assign(classes.size(), std::vector<size_t>(classes.size()));
  confusion.classes = std::move(classes);
  for (const Judged& one : judged) {
    ++confusion.counts[place.at(one.clue->label)][place.at(one.answer.label)];
  }
  return confusion;
}

std::vector<Mistake> FrequentMistakes(const Confusion& confusion, size_t most) {
  std::vector<Mistake> mistakes;
  for (size_t label = 0; label < confusion.classes.size(); ++label) {
    for (size_t said = 0; said < confusion.classes.size(); ++said) {
      const size_t clues = confusion.counts[label][said];
      if (label != said && clues > 0) {
        mistakes.push_back({confusion.classes[label], confusion.classes[said], clues});
      }
    }
  }
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.clues > b.clues; });
  mistakes.resize(std::min(mistakes.size(), most));
  return mistakes;
}

}  // namespace supervision::classification
