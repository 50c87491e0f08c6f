#include <algorithm>
#include <array>
#include <bit>

#include "services/classification/model/model.h"
#include "services/classification/model/tables.h"

// Which rows of a model occur in a text.

namespace supervision::classification {
namespace {

constexpr size_t kBlock = 64;  // characters whose n-grams are looked up together
constexpr size_t kRoom = 2;    // places of the table of those touched, for each that may be

}  // namespace

// The n-grams of the vocabulary that begin in the block at `block`, from left to right, shorter
// ones first, to `found`, which has room for all; returns how many. An n-gram is in the vocabulary
// only when the one it begins with is.
//
// Which n-grams are there is as good as chance, so hardly anything here is a jump that depends on
// it: lists are written one place too far and counted on only by what was found. What a step reads
// of the table has been asked for by the step before.
size_t Model::FindGrams(std::u32string_view text, size_t block, Workspace::Found* found) const {
  const Parts& parts = *parts_;
  const uint32_t none = parts.mask + 1;
  const size_t left = text.size() - block;  // from `at` to the end
  const size_t size = std::min(kBlock, left);
  const char32_t* const at = text.data() + block;
  std::array<std::array<uint32_t, kBlock>, Features::kLongestGram> rows;  // by length, less one
  std::array<FeatureKey, kBlock + 1> keys;  // of those that may be there,
  std::array<uint32_t, kBlock + 1> homes;   // where they are looked for,
  std::array<uint32_t, kBlock + 1> places;  // and where they begin
  const auto expect = [&](size_t k, FeatureKey key, size_t place) {
    keys[k] = key;
    homes[k] = parts.HomeOf(key);
    places[k] = static_cast<uint32_t>(place);
    parts.Prefetch(homes[k]);
  };
  for (size_t i = 0; i < size; ++i) expect(i, at[i], i);
  size_t candidates = size;
  for (size_t length = 1; length <= Features::kLongestGram; ++length) {
    std::array<uint32_t, kBlock>& those = rows[length - 1];
    if (length > 1) those.fill(none);
    size_t longer = 0;
    for (size_t k = 0; k < candidates; ++k) {
      const size_t i = places[k];
      const uint32_t row = parts.Find(homes[k], keys[k]);
      those[i] = row;
      if (length == Features::kLongestGram) continue;
      const char32_t next = at[std::min(i + length, left - 1)];
      expect(longer, keys[k] << kCharacterBits | next, i);  // never beyond what was read
      longer += (i + length < left ? 1 : 0) & parts.Follows(row, next);
    }
    candidates = longer;
  }
  size_t count = 0;
  for (size_t i = 0; i < size; ++i) {
    for (uint32_t length = 1; length <= Features::kLongestGram; ++length) {
      const uint32_t row = rows[length - 1][i];
      found[count] = {row, parts.HeadOf(row).value, static_cast<uint32_t>(block + i), length};
      count += parts.Free(row) ? 0 : 1;
    }
  }
  return count;
}

// Finds the rows that occur, each once, with how often: first those of n-grams from left to right,
// then those of signals.
void Model::Collect(const Features& features, Workspace* workspace) const {
  const Parts& parts = *parts_;
  const size_t most_grams = Features::kLongestGram * features.characters.size();
  const size_t most = most_grams + features.signals.size();
  // What is written below is bounded by these; it is cut to what was written at the end.
  if (workspace->grams.size() < most_grams) {
    workspace->grams.resize(most_grams);
  }
  if (workspace->touched.size() < most + 1) {
    workspace->touched.resize(most + 1);
    workspace->counts.resize(most + 1);
    workspace->lengths.resize(most + 1);
    workspace->strengths.resize(most + 1);
    workspace->weights.resize(most + 1);
    workspace->added.resize(most + 1);
  }
  if (workspace->signals.size() < features.signals.size() + 1) {
    workspace->signals.resize(features.signals.size() + 1);
  }
  workspace->found.resize(std::max(Features::kLongestGram * kBlock, features.signals.size()) + 1);
  uint32_t* const touched = workspace->touched.data();
  uint32_t* const counts = workspace->counts.data();
  uint32_t* const lengths = workspace->lengths.data();
  float* const strengths = workspace->strengths.data();
  Workspace::Found* const found = workspace->found.data();
  // A small table of its own, not one with a place for each row: it stays in the nearest cache.
  std::vector<uint32_t>& places = workspace->places;
  const size_t room = std::bit_ceil(kRoom * (most + 1));
  places.assign(room, 0);
  uint32_t rows = 0;
  // Whatever was known of the row is written again; only its count is not the same.
  const auto touch = [&](const Workspace::Found& one) {
    size_t cell = one.row & (room - 1);  // where a row lies is as good as chance already
    while (places[cell] != 0 && touched[places[cell] - 1] != one.row) {
      cell = (cell + 1) & (room - 1);
    }
    const uint32_t known = places[cell];
    rows += known == 0 ? 1 : 0;
    const uint32_t place = (known == 0 ? rows : known) - 1;
    places[cell] = place + 1;
    touched[place] = one.row;
    counts[place] = known == 0 ? 1 : counts[place] + 1;
    lengths[place] = one.length;
    strengths[place] = one.value;
    return place;
  };
  size_t gram_count = 0;
  for (size_t block = 0; block < features.characters.size(); block += kBlock) {
    const size_t count = FindGrams(features.characters, block, found);
    for (size_t i = 0; i < count; ++i) {
      workspace->grams[gram_count++] = {touch(found[i]), found[i].first};
    }
  }
  workspace->gram_count = gram_count;
  workspace->gram_rows = rows;

  for (size_t i = 0; i < features.signals.size(); ++i) {
    found[i].row = parts.HomeOf(features.signals[i].key);
    parts.Prefetch(found[i].row);
  }
  size_t known_signals = 0;
  for (size_t i = 0; i < features.signals.size(); ++i) {
    const uint32_t row = parts.Find(found[i].row, features.signals[i].key);
    found[known_signals] = {row, parts.HeadOf(row).value, static_cast<uint32_t>(i), 0};
    known_signals += parts.Free(row) ? 0 : 1;
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
}

}  // namespace supervision::classification
