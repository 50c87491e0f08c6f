#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "services/classification/evaluation/answer.h"

namespace supervision::classification {

// How one class did. A clue belongs to the class of its label, whatever else is accepted.
struct ClassFigures {
  std::string name;
  size_t labelled = 0;  // clues of this class
  size_t said = 0;      // answers of this class
  size_t right = 0;     // both

  // 0 where there is nothing to divide by.
  double Precision() const;
  double Recall() const;
  double F1() const;
};

// The figures of a set of answers. A figure that the set cannot give is absent: nothing was said to
// be HIGH, nothing was left without a review, no clue is out of scope, no problem is labelled.
struct Figures {
  size_t clues = 0;
  std::vector<ClassFigures> per_class;  // those that are labelled or said, by order of names
  double macro_f1 = 0;                  // mean F1 of per_class
  double accuracy = 0;                  // an accepted class counts as right
  std::optional<double> scope_accuracy;
  size_t said_high = 0;                  // answers of HIGH for clues whose risk is known
  std::optional<double> high_precision;  // an accepted HIGH counts as right
  std::optional<double> high_recall;     // of the clues whose first risk is HIGH
  // Of the clues in scope that were taken for such: an accepted risk counts as right.
  std::optional<double> risk_accuracy;
  // Of the codes of problem models, all clues together.
  std::optional<double> problem_precision;
  std::optional<double> problem_recall;
  double calibration_error = 0;
  double review_share = 0;
  std::optional<double> accuracy_unreviewed;
};

// Measures answers. `order` names classes that come first in per_class, in this order.
Figures Measure(std::span<const Judged> judged, std::span<const std::string> order = {});

}  // namespace supervision::classification
