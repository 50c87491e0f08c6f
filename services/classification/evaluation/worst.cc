#include "services/classification/evaluation/worst.h"

#include <algorithm>

namespace supervision::classification {

std::vector<size_t> WorstCases(std::span<const Judged> judged, size_t most) {
  std::vector<size_t> wrong;
  for (size_t i = 0; i < judged.size(); ++i) {
    if (!judged[i].Right()) {
      wrong.push_back(i);
    }
  }
  std::stable_sort(wrong.begin(), wrong.end(), [judged](size_t a, size_t b) {
    const Answer& left = judged[a].answer;
    const Answer& right = judged[b].answer;
    return left.needs_review != right.needs_review ? !left.needs_review
                                                   : left.confidence > right.confidence;
  });
  wrong.resize(std::min(wrong.size(), most));
  return wrong;
}

}  // namespace supervision::classification
