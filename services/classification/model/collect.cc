#include <algorithm>
#include <array>
#include <bit>

#include "services/classification/model/model.h"
#include "services/classification/model/tables.h"

// Which rows of a model occur in a text.

namespace supervision::classification {
namespace {

constexpr size_t kBlock = 64;  // characters whose n-grams are looked up together
constexpr size_t kRoom = 4;    // places of the table of those touched, for each that may be

}  // namespace

// The n-grams of the vocabulary from left to right, shorter ones first, to `found`, which has room
// for all; returns how many. An n-gram is in the vocabulary only when the one it begins with is.
//
// Which n-grams are there is as good as chance, so hardly anything here is a jump that depends on
// it: lists are written one place too far and counted on only by what was found. A block at a time:
// what a step reads of the tables has been asked for by the step before.
size_t Model::FindGrams(const std::u32string& text, Workspace::Found* found) const {
  const Parts& parts = *parts_;
  const uint32_t none = parts.none;
  const size_t characters = text.size();
  size_t count = 0;
  for (size_t block = 0; block < characters; block += kBlock) {
    const size_t size = std::min(kBlock, characters - block);
    const char32_t* const at = text.data() + block;
    const size_t left = characters - block;  // from `at` to the end
    std::array<uint32_t, kBlock> singles;
    std::array<uint32_t, kBlock> pairs;
    std::array<uint32_t, kBlock> threes;
    std::array<FeatureKey, kBlock + 1> keys;
    std::array<uint32_t, kBlock + 1> places;
    std::array<uint32_t, kBlock> guesses;
    pairs.fill(none);
    threes.fill(none);

    for (size_t i = 0; i < size; ++i) {
      singles[i] = parts.FindCharacter(at[i]);
      parts.PrefetchRow(singles[i]);
    }
    size_t candidates = 0;
    for (size_t i = 0; i < size; ++i) {
      const char32_t next = at[std::min(i + 1, left - 1)];
      keys[candidates] = FeatureKey{at[i]} << kCharacterBits | next;
      places[candidates] = static_cast<uint32_t>(i);
      parts.Prefetch(keys[candidates]);
      candidates += (i + 1 < left ? 1 : 0) & parts.Follows(singles[i], next);
    }
    const auto guess = [&](size_t many) {
      for (size_t k = 0; k < many; ++k) {
        guesses[k] = parts.Guess(keys[k]);
        parts.PrefetchRow(guesses[k]);
      }
    };
    guess(candidates);
    size_t longer = 0;
    for (size_t k = 0; k < candidates; ++k) {
      const size_t i = places[k];
      const FeatureKey key = keys[k];
      pairs[i] = parts.Confirm(guesses[k], key);
      const char32_t next = at[std::min(i + 2, left - 1)];
      keys[longer] = key << kCharacterBits | next;  // never beyond what was read
      places[longer] = static_cast<uint32_t>(i);
      parts.Prefetch(keys[longer]);
      longer += (i + 2 < left ? 1 : 0) & parts.Follows(pairs[i], next);
    }
    guess(longer);
    for (size_t k = 0; k < longer; ++k) {
      threes[places[k]] = parts.Confirm(guesses[k], keys[k]);
    }
    for (size_t i = 0; i < size; ++i) {
      const auto first = static_cast<uint32_t>(block + i);
      uint32_t length = 0;
      for (const uint32_t row : {singles[i], pairs[i], threes[i]}) {
        found[count] = {row, parts.HeadOf(row).value, first, ++length};
        count += row != none ? 1 : 0;
      }
    }
  }
  return count;
}

// Finds the rows that occur, each once, with how often: first those of n-grams from left to right,
// then those of signals. Returns how many are n-grams.
size_t Model::Collect(const Features& features, Workspace* workspace) const {
  const Parts& parts = *parts_;
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
  const size_t gram_count = FindGrams(features.characters, found);
  // A small table of its own, not one with a place for each row: it stays in the nearest cache.
  std::vector<uint32_t>& places = workspace->places;
  const size_t room = std::bit_ceil(kRoom * (gram_count + features.signals.size() + 1));
  places.assign(room, 0);
  const int shift = 64 - std::countr_zero(room);
  uint32_t rows = 0;
  // Whatever was known of the row is written again; only its count is not the same.
  const auto touch = [&](const Workspace::Found& one) {
    size_t cell = (one.row * 0x9E3779B97F4A7C15) >> shift;
    while (places[cell] != 0 && touched[places[cell] - 1].row != one.row) {
      cell = (cell + 1) & (room - 1);
    }
    const uint32_t known = places[cell];
    rows += known == 0 ? 1 : 0;
    const uint32_t place = known == 0 ? rows : known;
    places[cell] = place;
    Workspace::Touched& row = touched[place - 1];
    row.row = one.row;
    row.count = known == 0 ? 1 : row.count + 1;
    row.strength = one.value;
    row.length = one.length;
    return place - 1;
  };
  for (size_t i = 0; i < gram_count; ++i) {
    workspace->grams[i] = {touch(found[i]), found[i].first};
  }
  workspace->gram_count = gram_count;
  const size_t grams = rows;

  for (const Features::Signal& signal : features.signals) {
    parts.Prefetch(signal.key);
  }
  for (size_t i = 0; i < features.signals.size(); ++i) {
    found[i].row = parts.Guess(features.signals[i].key);
    parts.PrefetchRow(found[i].row);
  }
  size_t known_signals = 0;
  for (size_t i = 0; i < features.signals.size(); ++i) {
    const uint32_t row = parts.Confirm(found[i].row, features.signals[i].key);
    found[known_signals] = {row, parts.HeadOf(row).value, static_cast<uint32_t>(i), 0};
    known_signals += row != parts.none ? 1 : 0;
  }
  size_t signals = 0;
  for (size_t i = 0; i < known_signals; ++i) {
    const uint32_t before = rows;
    const uint32_t place = touch(found[i]);
    const Features::Signal& signal = features.signals[found[i].first];
    workspace->signals[signals] = {place, signal.begin, signal.end};
    signals += rows - before;
  }
  workspace->signal_count = signals;
  workspace->touched_count = rows;
  return grams;
}

}  // namespace supervision::classification
