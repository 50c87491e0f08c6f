#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "services/classification/evaluation/answer.h"

namespace supervision::classification {

// What a threshold of confidence buys: all answers below it go to a person.
struct ReviewPoint {
  double below = 0;     // the threshold
  double share = 0;     // of the answers that are reviewed
  double accuracy = 0;  // of those that are not
};

// Every threshold that makes a difference, from "nothing is reviewed" on; shares grow. Answers of
// equal confidence are reviewed together, and some answers are always left.
std::vector<ReviewPoint> ReviewCurve(std::span<const Judged> judged);

// The first point of a curve, the one with the least to review, whose accuracy is at least
// `accuracy`.
std::optional<ReviewPoint> LeastReview(std::span<const ReviewPoint> curve, double accuracy);

// At most about `steps` points of a curve, evenly spread over the shares, for drawing; the first
// and the last stay.
std::vector<ReviewPoint> Thinned(std::span<const ReviewPoint> curve, size_t steps);

}  // namespace supervision::classification
