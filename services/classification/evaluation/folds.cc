#include "services/classification/evaluation/folds.h"

#include <algorithm>
#include <map>
#include <utility>

namespace supervision::classification {
namespace {

// SplitMix64: the standard library's distributions differ between implementations.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  // A number in [0, below). The bias is below / 2^64.
  size_t Next(size_t below) {
    uint64_t value = (state_ += 0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return static_cast<size_t>((value ^ (value >> 31)) % below);
  }

 private:
  uint64_t state_;
};

// Clues that stay together, in a random order that puts large groups first: while much is left to
// deal, later groups can make up for their size.
std::vector<std::vector<size_t>> DealingOrder(std::span<const uint32_t> groups, uint64_t seed) {
  std::map<uint32_t, std::vector<size_t>> members;
  for (size_t i = 0; i < groups.size(); ++i) {
    members[groups[i]].push_back(i);
  }
  std::vector<std::vector<size_t>> order;
  for (auto& [group, clues] : members) {
    order.push_back(std::move(clues));
  }
  Dice dice(seed);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[dice.Next(i)]);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return order;
}

}  // namespace

std::vector<size_t> AssignFolds(std::span<const uint32_t> strata, std::span<const uint32_t> groups,
                                size_t folds, uint64_t seed) {
  std::vector<size_t> fold_of(groups.size());
  std::vector<std::map<uint32_t, size_t>> dealt(folds);  // clues of each stratum
  std::vector<size_t> sizes(folds);
  for (const std::vector<size_t>& clues : DealingOrder(groups, seed)) {
    // The fold that has least of what this group brings; of equals the smallest.
    std::pair<size_t, size_t> least;
    size_t best = 0;
    for (size_t fold = 0; fold < folds; ++fold) {
      std::pair<size_t, size_t> has = {0, sizes[fold]};
      for (const size_t clue : clues) {
        has.first += dealt[fold][strata[clue]];
      }
      if (fold == 0 || has < least) {
        least = has;
        best = fold;
      }
    }
    for (const size_t clue : clues) {
      fold_of[clue] = best;
      ++dealt[best][strata[clue]];
    }
    sizes[best] += clues.size();
  }
  return fold_of;
}

}  // namespace supervision::classification
