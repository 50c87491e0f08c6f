#include <algorithm>
#include <array>

#include "services/classification/model/model.h"
#include "services/classification/model/tables.h"

// Which rows of a model occur in a text.

namespace supervision::classification {
namespace {

constexpr size_t kBlock = 64;  // characters whose n-grams are looked up together
constexpr size_t kAhead = 8;   // rows whose memory is asked for before they are counted

}  // namespace

// The n-grams of the vocabulary from left to right, shorter ones first, to `found`, which has room
// for all; returns how many. An n-gram is in the vocabulary only when the one it begins with is.
//
// Which n-grams are there is as good as chance, so hardly anything here is a jump that depends on
// it: lists are written one place too far and counted on only by what was found. A block at a time:
// what a step reads of the tables has been asked for by the step before.
size_t Model::FindGrams(const std::u32string& text, Workspace::Found* found) const {
  const Parts& parts = *parts_;
  using Entry = Parts::Entry;
  static const Entry kNothing;
  const size_t characters = text.size();
  size_t count = 0;
  for (size_t block = 0; block < characters; block += kBlock) {
    const size_t size = std::min(kBlock, characters - block);
    const char32_t* const at = text.data() + block;
    const size_t left = characters - block;  // from `at` to the end
    std::array<const Entry*, kBlock> singles;
    std::array<const Entry*, kBlock> pairs;
    std::array<const Entry*, kBlock> threes;
    std::array<FeatureKey, kBlock + 1> keys;
    std::array<uint32_t, kBlock + 1> places;
    pairs.fill(&kNothing);
    threes.fill(&kNothing);

    size_t candidates = 0;
    for (size_t i = 0; i < size; ++i) {
      singles[i] = &parts.EntryOf(at[i]);
      const char32_t next = at[std::min(i + 1, left - 1)];
      keys[candidates] = FeatureKey{at[i]} << kCharacterBits | next;
      places[candidates] = static_cast<uint32_t>(i);
      parts.Prefetch(keys[candidates]);
      candidates += (i + 1 < left ? 1 : 0) & Parts::Follows(*singles[i], next);
    }
    size_t longer = 0;
    for (size_t k = 0; k < candidates; ++k) {
      const size_t i = places[k];
      const FeatureKey key = keys[k];
      pairs[i] = &parts.slots[parts.Find(key)].entry;
      const char32_t next = at[std::min(i + 2, left - 1)];
      keys[longer] = key << kCharacterBits | next;  // never beyond what was read
      places[longer] = static_cast<uint32_t>(i);
      parts.Prefetch(keys[longer]);
      longer += (i + 2 < left ? 1 : 0) & Parts::Follows(*pairs[i], next);
    }
    for (size_t k = 0; k < longer; ++k) {
      threes[places[k]] = &parts.slots[parts.Find(keys[k])].entry;
    }
    for (size_t i = 0; i < size; ++i) {
      const auto first = static_cast<uint32_t>(block + i);
      uint32_t length = 0;
      for (const Entry* entry : {singles[i], pairs[i], threes[i]}) {
        found[count] = {entry->row, entry->value, first, ++length};
        count += entry->row != kNoRow ? 1 : 0;
      }
    }
  }
  return count;
}

// Finds the rows that occur, each once, with how often: first those of n-grams from left to right,
// then those of signals. Returns how many are n-grams.
size_t Model::Collect(const Features& features, Workspace* workspace) const {
  const Parts& parts = *parts_;
  std::vector<uint32_t>& places = workspace->places;
  if (places.size() < parts.data.keys.size()) {
    places.resize(parts.data.keys.size(), 0);
  }
  const size_t most_grams = Features::kLongestGram * features.characters.size();
  const size_t most = most_grams + features.signals.size();
  // What is written below is bounded by these; it is cut to what was written at the end.
  if (workspace->grams.size() < most_grams) {
    workspace->grams.resize(most_grams);
  }
  if (workspace->touched.size() < most + 1) {
    workspace->touched.resize(most + 1);
    workspace->found.resize(most + 1);
  }
  if (workspace->signals.size() < features.signals.size() + 1) {
    workspace->signals.resize(features.signals.size() + 1);
  }
  Workspace::Touched* const touched = workspace->touched.data();
  Workspace::Found* const found = workspace->found.data();
  uint32_t rows = 0;
  // Whatever was known of the row is written again; only its count is not the same.
  const auto touch = [&](const Workspace::Found& one) {
    const uint32_t known = places[one.row];
    rows += known == 0 ? 1 : 0;
    const uint32_t place = known == 0 ? rows : known;
    places[one.row] = place;
    Workspace::Touched& row = touched[place - 1];
    row.row = one.row;
    row.count = known == 0 ? 1 : row.count + 1;
    row.strength = one.value;
    row.length = one.length;
    return place - 1;
  };
  const auto ask = [&](uint32_t row) {
    __builtin_prefetch(places.data() + row, 1);
    __builtin_prefetch(parts.weights.data() + row * parts.stride);
  };

  const size_t gram_count = FindGrams(features.characters, found);
  for (size_t i = 0; i < gram_count; ++i) {
    ask(found[std::min(i + kAhead, gram_count - 1)].row);
    workspace->grams[i] = {touch(found[i]), found[i].first};
  }
  workspace->gram_count = gram_count;
  const size_t grams = rows;

  for (const Features::Signal& signal : features.signals) {
    parts.Prefetch(signal.key);
  }
  size_t known_signals = 0;
  for (size_t i = 0; i < features.signals.size(); ++i) {
    const Parts::Entry& entry = parts.slots[parts.Find(features.signals[i].key)].entry;
    found[known_signals] = {entry.row, entry.value, static_cast<uint32_t>(i), 0};
    known_signals += entry.row != kNoRow ? 1 : 0;
  }
  size_t signals = 0;
  for (size_t i = 0; i < known_signals; ++i) {
    ask(found[std::min(i + kAhead, known_signals - 1)].row);
    const uint32_t before = rows;
    const uint32_t place = touch(found[i]);
    const Features::Signal& signal = features.signals[found[i].first];
    workspace->signals[signals] = {place, signal.begin, signal.end};
    signals += rows - before;
  }
  workspace->signal_count = signals;
  for (size_t i = 0; i < rows; ++i) {
    places[touched[i].row] = 0;
  }
  workspace->touched_count = rows;
  return grams;
}

}  // namespace supervision::classification
