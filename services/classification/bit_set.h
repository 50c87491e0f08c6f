#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace supervision::classification {

// A set of small numbers that is asked far more often than it is emptied: all of it fits into few
// lines of a cache, whatever else is kept about those that it holds.
class BitSet {
 public:
  // Room for numbers below `size`; empty.
  void Resize(size_t size) { words_.assign(size / kBits + 1, 0); }
  void Clear() { std::fill(words_.begin(), words_.end(), 0); }
  void Add(uint32_t number) { words_[number / kBits] |= uint64_t{1} << (number % kBits); }
  bool Holds(uint32_t number) const {
    return (words_[number / kBits] >> (number % kBits) & 1) != 0;
  }

 private:
  static constexpr uint32_t kBits = 64;
  std::vector<uint64_t> words_;
};

}  // namespace supervision::classification
