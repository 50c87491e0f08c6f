#include "services/classification/model/problem_heads.h"

#include <cmath>

#include "services/classification/model/lanes.h"

namespace supervision::classification {

ProblemHeads::ProblemHeads(const std::vector<const ProblemSeparator*>& separators,
                           std::span<const uint32_t> place_of, size_t places) {
  if (separators.empty()) return;
  bits_.resize(places / kWordBits + 1);
  for (const ProblemSeparator* separator : separators) {
    codes_.push_back(separator->code);
    steps_.push_back(separator->step);
    biases_.push_back(separator->bias);
    for (const uint32_t row : separator->rows) {
      bits_[place_of[row] / kWordBits] |= uint64_t{1} << (place_of[row] % kWordBits);
    }
  }
  uint32_t before = 0;
  for (const uint64_t word : bits_) {
    before_.push_back(before);
    before += static_cast<uint32_t>(std::popcount(word));
  }
  width_ = (codes_.size() + Lanes::kWidth - 1) / Lanes::kWidth * Lanes::kWidth;
  weights_.resize(before * width_);
  for (size_t head = 0; head < separators.size(); ++head) {
    const ProblemSeparator& separator = *separators[head];
    for (size_t i = 0; i < separator.rows.size(); ++i) {
      const size_t rank = RankOf(place_of[separator.rows[i]]);
      weights_[rank * width_ + head] = separator.weights[i];
    }
  }
}

float ProblemHeads::WeightOf(size_t head, uint32_t place) const {
  return Matters(place) == 0 ? 0 : static_cast<float>(WeightsOf(place)[head]) * steps_[head];
}

float ProblemHeads::Probability(size_t head, float sum) const {
  return 1 / (1 + std::exp(-(sum * steps_[head] + biases_[head])));
}

}  // namespace supervision::classification
