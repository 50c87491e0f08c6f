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
inline uint32_t BitOf(char32_t character) {
  return uint32_t{1} << ((character * 0x9E3779B1U) >> 27);
}

// A loaded model. A text reads some hundred places of a table that does not fit into the nearest
// caches, and others use those between two texts. So all that is known of a feature lies in one
// row, and the rows are the hash table themselves: most looks read half a line of a cache.
struct Model::Parts {
  // What a row begins with; its weights follow. One that is free adds nothing, and nothing follows.
  struct Row {
    FeatureKey key = kFree;
    float value = 0;
    // Of an n-gram: a set with the characters that may follow it in the vocabulary, so that most
    // n-grams that are not in it are not looked for.
    uint32_t followers = 0;
  };
  static constexpr FeatureKey kFree = UINT64_MAX;  // no n-gram's, and as good as no signal's

  const std::byte* At(uint32_t row) const { return rows.data() + row * row_bytes; }
  const Row& HeadOf(uint32_t row) const { return *reinterpret_cast<const Row*>(At(row)); }
  Row& HeadOf(uint32_t row) { return *reinterpret_cast<Row*>(rows.data() + row * row_bytes); }
  const int8_t* WeightsOf(uint32_t row) const {
    return reinterpret_cast<const int8_t*>(At(row) + sizeof(Row));
  }

  // Whether `character` may follow the n-gram of the row: 1 or 0, as it is counted with.
  size_t Follows(uint32_t row, char32_t character) const {
    return (HeadOf(row).followers & BitOf(character)) != 0 ? 1 : 0;
  }

  bool Free(uint32_t row) const { return HeadOf(row).key == kFree; }

  uint32_t HomeOf(FeatureKey key) const {
    key ^= key >> 31;
    return static_cast<uint32_t>((key * 0x9E3779B97F4A7C15) >> 32) & mask;
  }
  void Prefetch(uint32_t row) const { __builtin_prefetch(At(row)); }
  // The row of the key, or a free one, from where it is looked for. Nearly always the first row
  // looked at is the last, and a processor can count on that.
  uint32_t Find(uint32_t home, FeatureKey key) const {
    while ((static_cast<int>(HeadOf(home).key != key) &
            static_cast<int>(HeadOf(home).key != kFree)) != 0) {
      home = (home + 1) & mask;
    }
    return home;
  }
  uint32_t Find(FeatureKey key) const { return Find(HomeOf(key), key); }

  ModelData data;  // without what lies in the tables
  std::string version;
  size_t stride = 0;
  size_t row_bytes = 0;
  base::HugeVector<std::byte> rows;  // open addressing, at most a third full; a free one behind
  uint32_t mask = 0;
  const Lanes& lanes = BestLanes();
  std::vector<ProblemHeads> problems;  // by number of the class
};

}  // namespace supervision::classification
