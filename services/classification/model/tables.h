#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "services/classification/model/features.h"
#include "services/classification/model/format.h"
#include "services/classification/model/model.h"

namespace supervision::classification {

constexpr uint32_t kNoRow = UINT32_MAX;
constexpr size_t kBasicPlane = 0x10000;
constexpr int kCharacterBits = 21;

inline size_t SlotOf(FeatureKey key, size_t mask) {
  key ^= key >> 31;
  key *= 0x9E3779B97F4A7C15;
  return static_cast<size_t>(key >> 32) & mask;
}

// The place of a character in a set of 64.
inline uint64_t BitOf(char32_t character) {
  return uint64_t{1} << ((character * 0x9E3779B1U) >> 26);
}

// A loaded model. What lies together here is read together: a text reads some hundred entries of
// tables that do not fit into the nearest caches, and others use those between two texts.
struct Model::Parts {
  // What Collect needs to know of a row.
  struct Entry {
    // Of an n-gram: a set with the characters that may follow it in the vocabulary, so that most
    // n-grams that are not in it need no look into the table.
    uint64_t followers = 0;
    uint32_t row = kNoRow;
    float value = 0;
  };
  struct alignas(32) Slot {
    FeatureKey key = 0;
    Entry entry;
  };

  // Whether `character` may follow the n-gram of the entry: 1 or 0, as it is counted with.
  static size_t Follows(const Entry& entry, char32_t character) {
    return (entry.followers & BitOf(character)) != 0 ? 1 : 0;
  }

  // Where the key lies in the table, or the free place where it would. Nearly always the first
  // place looked at is the last, and a processor can count on that.
  size_t Find(FeatureKey key) const {
    size_t slot = SlotOf(key, mask);
    while ((static_cast<int>(slots[slot].entry.row != kNoRow) &
            static_cast<int>(slots[slot].key != key)) != 0) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
  void Prefetch(FeatureKey key) const { __builtin_prefetch(&slots[SlotOf(key, mask)]); }
  // Without a row when there is none.
  const Entry& EntryOf(FeatureKey key) const {
    return key < kBasicPlane ? characters[key] : slots[Find(key)].entry;
  }
  Entry& EntryOf(FeatureKey key) {
    return key < kBasicPlane ? characters[key] : slots[Find(key)].entry;
  }

  ModelData data;
  std::string version;
  size_t stride = 0;
  std::vector<Slot> slots;  // open addressing; at most two thirds full
  size_t mask = 0;
  std::vector<Entry> characters;  // of each character of the basic plane
  std::vector<int8_t> weights;    // rows x stride
};

}  // namespace supervision::classification
