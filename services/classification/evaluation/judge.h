#pragma once

#include <span>
#include <string>

#include "services/classification/classifier.h"
#include "services/classification/evaluation/answer.h"

namespace supervision::classification {

// The clue as a classifier takes it. Views into `clue`.
Input ToInput(const LabelledClue& clue);

// What the classifier says of the clue, its evidence quoted from the clue's text.
Answer Judge(const Classifier& classifier, const LabelledClue& clue);

// The answer of a model with any classes, from the probability of each. What is less probable than
// `review_below` goes to a person. There is no risk and no evidence: both belong to the catalogue.
Answer AnswerOf(std::span<const std::string> classes, std::span<const float> probabilities,
                double review_below);

}  // namespace supervision::classification
