#include "services/classification/evaluation/review_curve.h"

#include <algorithm>
#include <utility>

namespace supervision::classification {

std::vector<ReviewPoint> ReviewCurve(std::span<const Judged> judged) {
  std::vector<std::pair<double, bool>> answers;
  size_t right = 0;  // of the answers that are not reviewed
  for (const Judged& one : judged) {
    answers.emplace_back(one.answer.confidence, one.Right());
    right += one.Right();
  }
  std::sort(answers.begin(), answers.end());
  std::vector<ReviewPoint> curve;
  const auto all = static_cast<double>(answers.size());
  for (size_t i = 0; i < answers.size();) {
    curve.push_back(
        {.below = i == 0 ? 0 : answers[i].first,
         .share = static_cast<double>(i) / all,
         .accuracy = static_cast<double>(right) / static_cast<double>(answers.size() - i)});
    const double confidence = answers[i].first;
    for (; i < answers.size() && answers[i].first == confidence; ++i) {
      right -= answers[i].second;
    }
  }
  return curve;
}

std::optional<ReviewPoint> LeastReview(std::span<const ReviewPoint> curve, double accuracy) {
  const auto found = std::find_if(curve.begin(), curve.end(), [accuracy](const ReviewPoint& point) {
    return point.accuracy >= accuracy;
  });
  return found == curve.end() ? std::nullopt : std::optional<ReviewPoint>(*found);
}

std::vector<ReviewPoint> Thinned(std::span<const ReviewPoint> curve, size_t steps) {
  std::vector<ReviewPoint> thinned;
  double next = 0;
  for (size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].share >= next || i + 1 == curve.size()) {
      thinned.push_back(curve[i]);
      next = curve[i].share + 1 / static_cast<double>(steps);
    }
  }
  return thinned;
}

}  // namespace supervision::classification
