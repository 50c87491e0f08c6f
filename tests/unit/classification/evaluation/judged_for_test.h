#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "services/classification/evaluation/answer.h"

namespace supervision::classification {

// Answers to invented clues, for tests of figures. Owns the clues.
class JudgedSet {
 public:
  // A clue of class `label` that was said to be `said`. The reference holds until the next Add.
  Judged& Add(std::string label, std::string said, double confidence = 0.5) {
    clues_.push_back({.id = "C-" + std::to_string(clues_.size()), .label = std::move(label)});
    judged_.push_back(
        {.clue = &clues_.back(), .answer = {.label = std::move(said), .confidence = confidence}});
    return judged_.back();
  }

  // The clue that was added last.
  LabelledClue& clue() { return clues_.back(); }
  const std::vector<Judged>& all() const { return judged_; }

 private:
  std::deque<LabelledClue> clues_;
  std::vector<Judged> judged_;
};

}  // namespace supervision::classification
