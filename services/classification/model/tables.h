#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "services/base/huge_pages.h"
#include "services/classification/model/features.h"
#include "services/classification/model/format.h"
#include "services/classification/model/model.h"

namespace supervision::classification {

constexpr size_t kBasicPlane = 0x10000;
constexpr int kCharacterBits = 21;

// The place of a character in a set of 32.
inline uint32_t BitOf(char32_t character) {
  return uint32_t{1} << ((character * 0x9E3779B1U) >> 27);
}

// A loaded model. A text reads some hundred places of tables that do not fit into the nearest
// caches, and others use those between two texts. So the tables are small, all that is read of a
// row lies in one piece, and a look into the table of slots reads eight bytes.
struct Model::Parts {
  // What a row begins with; its weights follow.
  struct Row {
    FeatureKey key = 0;
    float value = 0;
    // Of an n-gram: a set with the characters that may follow it in the vocabulary, so that most
    // n-grams that are not in it need no look into the slots.
    uint32_t followers = 0;
  };
  struct Slot {
    uint32_t tag = 0;
    uint32_t row = 0;  // `none`: a free one
  };

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

  static uint64_t Spread(FeatureKey key) {
    key ^= key >> 31;
    return key * 0x9E3779B97F4A7C15;
  }
  size_t SlotOf(uint64_t spread) const { return static_cast<size_t>(spread >> 32) & mask; }
  void Prefetch(FeatureKey key) const { __builtin_prefetch(&slots[SlotOf(Spread(key))]); }
  void PrefetchRow(uint32_t row) const { __builtin_prefetch(At(row)); }

  // The row that seems to be that of the key, or `none` when it has none: nearly always right.
  // Nearly always the first slot looked at is the last, and a processor can count on that.
  uint32_t Guess(FeatureKey key) const {
    const uint64_t spread = Spread(key);
    size_t slot = SlotOf(spread);
    while ((static_cast<int>(slots[slot].row != none) &
            static_cast<int>(slots[slot].tag != static_cast<uint32_t>(spread))) != 0) {
      slot = (slot + 1) & mask;
    }
    return slots[slot].row;
  }
  // The row of the key, or `none`, from a guess; reads the row.
  uint32_t Confirm(uint32_t guess, FeatureKey key) const {
    const bool wrong =
        (static_cast<int>(guess != none) & static_cast<int>(HeadOf(guess).key != key)) != 0;
    return __builtin_expect(static_cast<int64_t>(wrong), 0) != 0 ? FindSlowly(key) : guess;
  }
  uint32_t Find(FeatureKey key) const { return Confirm(Guess(key), key); }
  // The row of a text's character, likewise.
  uint32_t FindCharacter(char32_t character) const {
    return character < kBasicPlane ? characters[character] : Find(character);
  }
  uint32_t FindSlowly(FeatureKey key) const;

  ModelData data;  // without what lies in the tables
  std::string version;
  size_t stride = 0;
  size_t row_bytes = 0;
  uint32_t none = 0;                 // the row behind the last: an empty one
  base::HugeVector<std::byte> rows;  // each a Row and `stride` weights
  base::HugeVector<Slot> slots;      // open addressing; at most a third full
  std::vector<uint32_t> characters;  // rows of the characters of the basic plane
  size_t mask = 0;
};

}  // namespace supervision::classification
