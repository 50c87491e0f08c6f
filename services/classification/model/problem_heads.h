#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace supervision::classification {

// Whether a clue shows a problem model.
struct LearntProblem {
  std::string_view code;  // valid as long as the model
  float probability = 0;
};

// Whether clues of one class show one problem model: a separator over the few rows that matter to
// it, learnt from clues of that class alone.
struct ProblemSeparator {
  static constexpr size_t kMostRows = 512;

  std::string code;
  uint32_t klass = 0;           // number of the class
  float step = 0;               // of the logit: what one step of a weight is worth
  float bias = 0;               // of the logit
  std::vector<uint32_t> rows;   // rising; at most kMostRows
  std::vector<int8_t> weights;  // of these rows, in steps
};

// The separators of one class, made for being asked together. Most rows of a text matter to none of
// them: a bit in a small table says so. Immutable.
class ProblemHeads {
 public:
  // `place_of` says where the loaded model has each row, among `places` places.
  ProblemHeads(const std::vector<const ProblemSeparator*>& separators,
               std::span<const uint32_t> place_of, size_t places);

  size_t size() const { return codes_.size(); }
  std::string_view code(size_t head) const { return codes_[head]; }

  // How many weights a row has: one for each head, and padding, as Lanes sums them.
  size_t width() const { return width_; }

  // Whether the row at `place` matters to any head: 1 or 0, as it is counted with.
  size_t Matters(uint32_t place) const {
    return bits_[place / kWordBits] >> (place % kWordBits) & 1;
  }

  // What the row at `place`, which must matter, adds to each head's sum for a strength of 1.
  const int8_t* WeightsOf(uint32_t place) const { return weights_.data() + RankOf(place) * width_; }

  // What the row at `place` adds to the logit of one of them when it occurs with strength 1.
  float WeightOf(size_t head, uint32_t place) const;

  // The probability that the clue shows the problem, from the finished sum.
  float Probability(size_t head, float sum) const;

 private:
  static constexpr uint32_t kWordBits = 64;

  // How many rows before it matter.
  size_t RankOf(uint32_t place) const {
    const uint64_t below = (uint64_t{1} << (place % kWordBits)) - 1;
    return before_[place / kWordBits] +
           static_cast<size_t>(std::popcount(bits_[place / kWordBits] & below));
  }

  std::vector<std::string> codes_;
  std::vector<float> steps_;
  std::vector<float> biases_;
  std::vector<uint64_t> bits_;    // by place: whether its row matters
  std::vector<uint32_t> before_;  // by word of these: how many matter before
  size_t width_ = 0;
  std::vector<int8_t> weights_;  // rows that matter x width
};

}  // namespace supervision::classification
