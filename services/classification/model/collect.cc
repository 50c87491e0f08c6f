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

// The rows of the n-grams that begin in the block at `block`, of each character those of one, two
// and three characters, to `rows`; an n-gram that is not in the vocabulary has the row of none. It
// is in the vocabulary only when the one it begins with is.
//
// Which n-grams are there is as good as chance, so hardly anything here is a jump that depends on
// it: lists are written one place too far and counted on only by what was found. What a step reads
// of the table has been asked for by the step before.
void Model::FindGrams(std::u32string_view text, size_t block, uint32_t* rows) const {
  struct Candidate {
    FeatureKey key = 0;
    uint32_t home = 0;   // where it is looked for
    uint32_t place = 0;  // where it begins
  };
  const RowTable table = parts_->table;
  const size_t left = text.size() - block;  // from `at` to the end
  const size_t size = std::min(kBlock, left);
  const char32_t* const at = text.data() + block;
  std::array<Candidate, kBlock + 1> candidates;
  const auto expect = [&](size_t k, FeatureKey key, uint32_t place) {
    const uint32_t home = table.HomeOf(key);
    candidates[k] = {key, home, place};
    table.Prefetch(home);
  };
  for (uint32_t i = 0; i < size; ++i) expect(i, at[i], i);
  std::fill_n(rows, Features::kLongestGram * size, table.none());
  size_t count = size;
  for (size_t length = 1; length < Features::kLongestGram; ++length) {
    size_t longer = 0;
    for (size_t k = 0; k < count; ++k) {
      const auto [key, home, i] = candidates[k];
      const uint32_t row = table.Find(home, key);
      rows[Features::kLongestGram * i + length - 1] = row;
      const char32_t next = at[std::min(i + length, left - 1)];
      expect(longer, key << kCharacterBits | next, i);  // never beyond what was read
      longer += (i + length < left ? 1 : 0) & table.Follows(row, next);
    }
    count = longer;
  }
  for (size_t k = 0; k < count; ++k) {
    const auto& [key, home, i] = candidates[k];
    rows[Features::kLongestGram * (i + 1) - 1] = table.Find(home, key);
  }
}

// Counts of each of the touched how often it occurs, and tells its length.
void Model::CountGrams(size_t rows, size_t characters, Workspace* workspace) {
  uint32_t* const counts = workspace->counts.data();
  uint32_t* const lengths = workspace->lengths.data();
  std::fill_n(counts, rows, 0);
  const uint32_t* gram = workspace->grams.data() + Workspace::kBefore;
  static_assert(Features::kLongestGram == 3);
  for (size_t i = 0; i < characters; ++i, gram += Features::kLongestGram) {
    ++counts[gram[0]];
    lengths[gram[0]] = 1;
    ++counts[gram[1]];
    lengths[gram[1]] = 2;
    ++counts[gram[2]];
    lengths[gram[2]] = 3;
  }
  counts[0] = 1;  // of none: what is divided by these is nothing
  lengths[0] = 1;
}

// Finds the rows that occur, each once, with how often: the row of none, then those of n-grams from
// left to right, shorter ones first, then those of signals. That of none adds nothing to anything,
// so nobody need ask whether an n-gram or a signal was found.
void Model::Collect(const Features& features, Workspace* workspace) const {
  const RowTable table = parts_->table;
  const size_t characters = features.characters.size();
  const size_t grams = Features::kLongestGram * characters;
  const size_t most = 1 + grams + features.signals.size();
  // What is written below is bounded by these.
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
  uint32_t* const touched = workspace->touched.data();
  touched[0] = table.none();
  uint32_t rows = 1;
  // A small table of its own, not one with a place for each row: it stays in the nearest cache.
  const size_t room = std::bit_ceil(kRoom * most);
  workspace->places.assign(room, {table.none(), 0});
  Workspace::Place* const places = workspace->places.data();
  // Whether a row was there before is as good as chance, too, so no jump depends on that: `known`
  // is a number of ones or none.
  const auto touch = [&](uint32_t row) {
    size_t cell = row / 2 & (room - 1);  // where a row lies is as good as chance already
    uint32_t place = places[cell].place;
    uint32_t other = places[cell].row ^ row;
    while (uint64_t{other} * place != 0) [[unlikely]] {  // taken by another
        cell = (cell + 1) & (room - 1);
        place = places[cell].place;
        other = places[cell].row ^ row;
      }
    const uint32_t known = 0 - static_cast<uint32_t>((uint64_t{other} - 1) >> 63);
    place = (place & known) | (rows & ~known);
    places[cell] = {row, place};
    touched[place] = row;
    rows += 1 + known;
    return place;
  };
  std::vector<uint32_t>& all = workspace->grams;
  all.resize(grams + Workspace::kBefore);
  std::fill_n(all.begin(), Workspace::kBefore, 0);
  uint32_t* const found = all.data() + Workspace::kBefore;
  for (size_t block = 0; block < characters; block += kBlock) {
    FindGrams(features.characters, block, found + Features::kLongestGram * block);
  }
  for (size_t i = 0; i < grams; ++i) found[i] = touch(found[i]);
  CountGrams(rows, characters, workspace);
  workspace->gram_rows = rows;

  const size_t signal_count = features.signals.size();
  workspace->signal_homes.resize(signal_count);
  uint32_t* const homes = workspace->signal_homes.data();
  for (size_t i = 0; i < signal_count; ++i) {
    homes[i] = table.HomeOf(features.signals[i].key);
    table.Prefetch(homes[i]);
  }
  Workspace::Signal* const signals = workspace->signals.data();
  size_t known = 0;
  for (size_t i = 0; i < signal_count; ++i) {
    const Features::Signal& signal = features.signals[i];
    const uint32_t before = rows;
    signals[known] = {touch(table.Find(homes[i], signal.key)), signal.begin, signal.end};
    known += rows - before;
  }
  workspace->signal_count = known;
  workspace->touched_count = rows;
}

}  // namespace supervision::classification
