#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "services/base/huge_pages.h"
#include "services/classification/model/features.h"
#include "services/classification/model/format.h"
#include "services/classification/model/lanes.h"
#include "services/classification/model/model.h"
#include "services/classification/model/problem_heads.h"

namespace supervision::classification {

constexpr int kCharacterBits = 21;

// The place of a character in a set of 32.
inline uint32_t NumberOf(char32_t character) { return (character * 0x9E3779B1U) >> 27; }

// Where the rows of a loaded model lie. A text reads some hundred places of a table that does not
// fit into the nearest caches, and others use those between two texts. So all that is known of a
// feature lies in one row, and the rows are the hash table themselves: two of them fill a line of a
// cache, and nearly every look reads one line and no more. Small enough to be copied, so that a
// loop need not look after each write whether that changed it.
class RowTable {
 public:
  // What a row begins with; its weights follow. One that is free adds nothing, and nothing follows.
  struct Row {
    FeatureKey key = kFree;
    float value = 0;
    // Of an n-gram: a set with the characters that may follow it in the vocabulary, so that most
    // n-grams that are not in it are not looked for.
    uint32_t followers = 0;
  };
  static constexpr FeatureKey kFree = UINT64_MAX;  // no n-gram's, and as good as no signal's

  RowTable() = default;
  // `places`, a power of two, of `row_bytes` each, and a free one behind them.
  RowTable(std::byte* rows, size_t row_bytes, size_t places)
      : rows_(rows),
        row_bytes_(row_bytes),
        mask_(static_cast<uint32_t>(places - 1)),
        home_mask_(mask_ & ~1U) {}

  // The row of what is not there.
  uint32_t none() const { return mask_ + 1; }

  const Row& HeadOf(uint32_t row) const { return *reinterpret_cast<const Row*>(At(row)); }
  Row& HeadOf(uint32_t row) { return *reinterpret_cast<Row*>(At(row)); }
  int8_t* WeightsOf(uint32_t row) const { return reinterpret_cast<int8_t*>(At(row) + sizeof(Row)); }

  // Whether `character` may follow the n-gram of the row: 1 or 0, as it is counted with.
  size_t Follows(uint32_t row, char32_t character) const {
    return HeadOf(row).followers >> NumberOf(character) & 1;
  }

  // The first of the two rows where a key is looked for first.
  uint32_t HomeOf(FeatureKey key) const {
    key ^= key >> 31;
    return static_cast<uint32_t>((key * 0x9E3779B97F4A7C15) >> 32) & home_mask_;
  }
  void Prefetch(uint32_t home) const { __builtin_prefetch(At(home)); }

  // The row of the key, or none, from where it is looked for.
  uint32_t Find(uint32_t home, FeatureKey key) const {
    for (uint32_t row = home;; row = (row + 1) & mask_) {
      const FeatureKey found = HeadOf(row).key;
      if (found == key) [[likely]]
        return row;
      if (found == kFree) return none();
    }
  }
  uint32_t Find(FeatureKey key) const { return Find(HomeOf(key), key); }

  // A free row for a key that is not there. What comes first is found at the first look.
  uint32_t RoomFor(FeatureKey key) const {
    uint32_t row = HomeOf(key);
    while (HeadOf(row).key != kFree) row = (row + 1) & mask_;
    return row;
  }

 private:
  std::byte* At(uint32_t row) const { return rows_ + row * row_bytes_; }

  std::byte* rows_ = nullptr;
  size_t row_bytes_ = 0;
  uint32_t mask_ = 0;
  uint32_t home_mask_ = 0;
};

struct Model::Parts {
  ModelData data;  // without what lies in the tables
  std::string version;
  size_t stride = 0;
  base::HugeVector<std::byte> rows;  // at most a third of them taken
  RowTable table;                    // over these
  const Lanes& lanes = BestLanes();
  std::vector<ProblemHeads> problems;  // by number of the class
};

}  // namespace supervision::classification
