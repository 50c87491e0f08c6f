#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "services/classification/model/labelled.h"
#include "services/classification/model/problem_heads.h"
#include "services/classification/model/separators.h"

namespace supervision::classification {

// Learns which problem models clues show, each from the clues of the one class in which it is
// labelled most: what tells an organ that does nothing from one that does wrong need not tell
// either from a quarrel among neighbours. Those with too few examples are left to the rules.
//
//   ProblemTraining training(clues, documents, classes, seed);
//   for each fold: training.NoteOutOfFold(separators of the rest, the rest, the fold);
//   problems = training.Learn(separators of all);
class ProblemTraining {
 public:
  static constexpr size_t kFewestExamples = 25;

  // `documents` are the clues, one each; both outlive the training. `classes` are the labels by
  // number.
  ProblemTraining(std::span<const LabelledClue> clues, std::span<const Document> documents,
                  const std::vector<std::string>& classes, unsigned seed);

  // Learns from `chosen`, over the rows of `separators`, and notes what that says of `left_out`.
  void NoteOutOfFold(const Separators& separators, std::span<const uint32_t> chosen,
                     std::span<const uint32_t> left_out);

  // Learns from all, over the rows of `separators`; the probabilities are fitted to what was noted.
  std::vector<ProblemSeparator> Learn(const Separators& separators) const;

 private:
  struct Problem {
    std::string code;
    uint32_t klass = 0;
    std::vector<bool> shown;                         // by document
    std::vector<std::pair<uint32_t, double>> noted;  // documents of the class, margin out of fold
  };

  Separators Train(const Problem& problem, const Separators& separators,
                   std::span<const uint32_t> chosen) const;

  const std::span<const Document> documents_;
  const unsigned seed_;
  std::vector<Problem> problems_;
};

}  // namespace supervision::classification
