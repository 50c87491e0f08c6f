#include "services/classification/literal_table.h"

#include <algorithm>
#include <array>
#include <bit>

#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr size_t kBlock = 64;  // places of the text that are followed together
constexpr size_t kLongBytes = 8;
constexpr uint32_t kLong = uint32_t{1} << 31;
constexpr size_t kRoom = 2;                      // places of the table, for each node
constexpr size_t kRoot = (size_t{1} << 31) - 1;  // the node before all, which lies nowhere

uint32_t BitOf(char32_t character) { return uint32_t{1} << ((character * 0x9E3779B1U) >> 27); }

uint64_t KeyOf(size_t parent, char32_t character) { return uint64_t{parent} << 21 | character; }

// Whether `a` comes before `b`, which ends where it does.
bool Before(const LiteralTable::Hit& a, const LiteralTable::Hit& b) {
  const bool a_long = (a.literal & kLong) != 0;
  const bool b_long = (b.literal & kLong) != 0;
  if (a_long != b_long) return a_long;
  return a_long ? a.literal < b.literal : a.begin < b.begin;
}

}  // namespace

// All first characters, then all second ones: those that most texts read lie where they are looked
// for first.
LiteralTable::LiteralTable(const std::vector<std::string>& literals) : literals_(literals.size()) {
  size_t characters = 0;
  for (const std::string& literal : literals) characters += CountCodePoints(literal);
  nodes_.resize(std::bit_ceil(kRoom * characters + 1));
  mask_ = nodes_.size() - 1;
  std::vector<size_t> at(literals.size(), 0);        // the next byte of each
  std::vector<size_t> ends(literals.size(), kRoot);  // the node that it has come to
  for (size_t left = literals.size(); left > 0;) {
    for (uint32_t i = 0; i < literals.size(); ++i) {
      if (at[i] == literals[i].size()) continue;
      const char32_t character = DecodeUtf8(literals[i], &at[i]);
      if (ends[i] != kRoot) nodes_[ends[i]].followers |= BitOf(character);
      const uint64_t key = KeyOf(ends[i], character);
      ends[i] = Find(HomeOf(key), key);
      nodes_[ends[i]].key = key;
      if (at[i] < literals[i].size()) continue;
      nodes_[ends[i]].literal = (i + 1) | (literals[i].size() > kLongBytes ? kLong : 0);
      --left;
    }
  }
}

size_t LiteralTable::HomeOf(uint64_t key) const {
  key ^= key >> 19;
  return static_cast<size_t>((key * 0x9E3779B97F4A7C15) >> 32) & mask_;
}

// The place of the key, or a free one; nearly always the first looked at. Which of both it is, is
// as good as chance: the lesser of two differences asks for either in one jump, which is never
// taken.
size_t LiteralTable::Find(size_t home, uint64_t key) const {
  while (std::min(nodes_[home].key ^ key, nodes_[home].key ^ kFree) != 0) {
    home = (home + 1) & mask_;
  }
  return home;
}

// All hits in any order; returns how many. Which characters lead further is as good as chance, so
// hardly anything here is a jump that depends on it: lists are written one place too far and
// counted on only by what was found, and what a step reads has been asked for by the step before.
size_t LiteralTable::Collect(std::span<const char32_t> text, std::vector<Hit>* found) const {
  size_t count = 0;
  for (size_t block = 0; block < text.size(); block += kBlock) {
    size_t followed = std::min(kBlock, text.size() - block);
    std::array<uint64_t, kBlock + 1> keys;  // of the node that each place still followed comes to,
    std::array<size_t, kBlock + 1> homes;   // where it is looked for,
    std::array<uint32_t, kBlock + 1> places;  // and where it began
    const auto expect = [&](size_t k, size_t place, uint64_t key) {
      keys[k] = key;
      homes[k] = HomeOf(key);
      places[k] = static_cast<uint32_t>(place);
      __builtin_prefetch(&nodes_[homes[k]]);
    };
    for (size_t i = 0; i < followed; ++i) expect(i, block + i, KeyOf(kRoot, text[block + i]));
    for (size_t length = 1; followed > 0; ++length) {
      if (found->size() < count + kBlock + 1) found->resize(2 * (count + kBlock + 1));
      Hit* const hits = found->data();
      size_t going = 0;
      for (size_t k = 0; k < followed; ++k) {
        const size_t begin = places[k];
        const size_t end = begin + length;
        const size_t place = Find(homes[k], keys[k]);
        const Node& node = nodes_[place];
        hits[count] = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end), node.literal};
        count += node.literal != 0 ? 1 : 0;
        const char32_t next = text[std::min(end, text.size() - 1)];
        expect(going, begin, KeyOf(place, next));
        going += static_cast<size_t>(static_cast<int>(end < text.size()) &
                                     static_cast<int>((node.followers & BitOf(next)) != 0));
      }
      followed = going;
    }
  }
  return count;
}

void LiteralTable::Find(std::span<const char32_t> text, Workspace* workspace,
                        std::vector<Hit>* hits) const {
  const size_t count = Collect(text, &workspace->found);
  std::vector<uint32_t>& starts = workspace->starts;
  starts.assign(text.size() + 2, 0);
  for (size_t i = 0; i < count; ++i) ++starts[workspace->found[i].end + 1];
  for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  hits->resize(count);
  for (size_t i = 0; i < count; ++i) {
    const Hit& hit = workspace->found[i];
    (*hits)[starts[hit.end]++] = hit;
  }
  for (size_t i = 1; i < count; ++i) {  // few end together
    const Hit hit = (*hits)[i];
    size_t place = i;
    for (; place > 0 && (*hits)[place - 1].end == hit.end && Before(hit, (*hits)[place - 1]);
         --place) {
      (*hits)[place] = (*hits)[place - 1];
    }
    (*hits)[place] = hit;
  }
  for (Hit& hit : *hits) hit.literal = (hit.literal & ~kLong) - 1;
}

}  // namespace supervision::classification
