#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "services/classification/evaluation/answer.h"

namespace supervision::classification {

// Answers of about the same confidence.
struct ReliabilityBin {
  double from = 0;  // confidences in [from, to); the last bin holds 1 too
  double to = 0;
  size_t answers = 0;
  double confidence = 0;  // mean of the bin's answers; 0 when it is empty
  double accuracy = 0;    // share of them that is right
};

// Bins of equal width. A well calibrated classifier is right as often as it is confident: accuracy
// and confidence of each bin agree.
std::vector<ReliabilityBin> Reliability(std::span<const Judged> judged, size_t bins = 10);

// Expected calibration error: how far accuracy and confidence of the bins lie apart, in the mean
// over the answers.
double CalibrationError(std::span<const ReliabilityBin> bins);

}  // namespace supervision::classification
