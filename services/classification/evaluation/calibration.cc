#include "services/classification/evaluation/calibration.h"

#include <algorithm>
#include <cmath>

namespace supervision::classification {

std::vector<ReliabilityBin> Reliability(std::span<const Judged> judged, size_t bins) {
  std::vector<ReliabilityBin> result(bins);
  const auto count = static_cast<double>(bins);
  for (size_t i = 0; i < bins; ++i) {
    result[i].from = static_cast<double>(i) / count;
    result[i].to = static_cast<double>(i + 1) / count;
  }
  for (const Judged& one : judged) {
    const double confidence = std::clamp(one.answer.confidence, 0.0, 1.0);
    const auto place = std::min(bins - 1, static_cast<size_t>(confidence * count));
    ++result[place].answers;
    result[place].confidence += confidence;
    result[place].accuracy += one.Right();
  }
  for (ReliabilityBin& bin : result) {
    if (bin.answers > 0) {
      bin.confidence /= static_cast<double>(bin.answers);
      bin.accuracy /= static_cast<double>(bin.answers);
    }
  }
  return result;
}

double CalibrationError(std::span<const ReliabilityBin> bins) {
  double sum = 0;
  double answers = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += static_cast<double>(bin.answers) * std::abs(bin.accuracy - bin.confidence);
    answers += static_cast<double>(bin.answers);
  }
  return answers == 0 ? 0 : sum / answers;
}

}  // namespace supervision::classification
