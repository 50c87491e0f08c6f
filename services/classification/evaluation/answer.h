#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "services/classification/model/labelled.h"

namespace supervision::classification {

// The reject class by its name: what is no supervision clue at all. A set of clues with names of
// its own may have it too.
inline constexpr std::string_view kOutOfScopeName = "OUT_OF_SCOPE";

// A passage of the original text that supported an answer.
struct Quote {
  std::string text;
  std::string source;  // the rule or feature that found it
  std::string speaks_for;
  float weight = 0;
};

// What a classifier said of a clue, in names, so that any set of classes can be measured.
struct Answer {
  std::string label;
  std::string secondary;  // second reading, or empty
  double confidence = 0;  // that `label` is right, 0..1
  std::string risk;       // "LOW", "MEDIUM", "HIGH", or empty
  std::vector<std::string> problem_codes;
  bool needs_review = false;
  std::vector<Quote> evidence;  // strongest first
};

// A clue beside its answer. Does not own the clue.
struct Judged {
  const LabelledClue* clue = nullptr;
  Answer answer;

  // Whether people would accept this class of the clue: its label, or another that is listed.
  bool Accepts(std::string_view label) const {
    return label == clue->label ||
           std::find(clue->accept.begin(), clue->accept.end(), label) != clue->accept.end();
  }
  bool Right() const { return Accepts(answer.label); }
};

}  // namespace supervision::classification
