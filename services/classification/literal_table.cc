#include "services/classification/literal_table.h"

#include <algorithm>
#include <array>
#include <bit>

#include "absl/container/flat_hash_map.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr size_t kBlock = 64;  // places of the text that are followed together
constexpr size_t kLongBytes = 8;
constexpr uint32_t kLong = uint32_t{1} << 31;
constexpr size_t kRoom = 2;  // places for edges, for each node

uint32_t BitOf(char32_t character) { return uint32_t{1} << ((character * 0x9E3779B1U) >> 27); }

uint64_t KeyOf(uint32_t parent, char32_t character) { return uint64_t{parent} << 21 | character; }

uint64_t Spread(uint32_t parent, char32_t character) {
  uint64_t key = KeyOf(parent, character);
  key ^= key >> 19;
  return key * 0x9E3779B97F4A7C15;
}

// Whether `a` comes before `b`, which ends where it does.
bool Before(const LiteralTable::Hit& a, const LiteralTable::Hit& b) {
  const bool a_long = (a.literal & kLong) != 0;
  const bool b_long = (b.literal & kLong) != 0;
  if (a_long != b_long) return a_long;
  return a_long ? a.literal < b.literal : a.begin < b.begin;
}

}  // namespace

LiteralTable::LiteralTable(const std::vector<std::string>& literals)
    : literals_(literals.size()), first_(kBasicPlane, kNone), nodes_(1) {
  Grow(literals);
  BuildEdges();
}

// All first characters, then all second ones: those that are read by most texts lie together.
void LiteralTable::Grow(const std::vector<std::string>& literals) {
  absl::flat_hash_map<uint64_t, uint32_t> children;
  std::vector<size_t> at(literals.size(), 0);          // the next byte of each
  std::vector<uint32_t> ends(literals.size(), kNone);  // the node that it has come to
  for (size_t left = literals.size(); left > 0;) {
    for (uint32_t i = 0; i < literals.size(); ++i) {
      if (at[i] == literals[i].size()) continue;
      const char32_t character = DecodeUtf8(literals[i], &at[i]);
      const auto [child, fresh] =
          children.emplace(KeyOf(ends[i], character), static_cast<uint32_t>(nodes_.size()));
      if (fresh) {
        nodes_[ends[i]].followers |= BitOf(character);
        nodes_.push_back({ends[i], character, 0, 0});
      }
      ends[i] = child->second;
      if (at[i] < literals[i].size()) continue;
      nodes_[ends[i]].literal = (i + 1) | (literals[i].size() > kLongBytes ? kLong : 0);
      --left;
    }
  }
  nodes_[kNone].followers = 0;  // it stands for places that lead nowhere, too
}

void LiteralTable::BuildEdges() {
  edges_.resize(std::bit_ceil(kRoom * nodes_.size()));
  mask_ = edges_.size() - 1;
  for (uint32_t node = 1; node < nodes_.size(); ++node) {
    const auto [parent, character, literal, followers] = nodes_[node];
    if (parent == kNone && character < kBasicPlane) {
      first_[character] = static_cast<uint16_t>(node);  // they are the first, and fewer than 65,536
      continue;
    }
    const uint64_t spread = Spread(parent, character);
    size_t edge = static_cast<size_t>(spread >> 32) & mask_;
    while (edges_[edge].child != kNone) edge = (edge + 1) & mask_;
    edges_[edge] = {static_cast<uint32_t>(spread), node};
  }
}

void LiteralTable::Prefetch(uint32_t parent, char32_t character) const {
  __builtin_prefetch(&edges_[static_cast<size_t>(Spread(parent, character) >> 32) & mask_]);
}

// The node that the edge seems to lead to, or kNone; nearly always right, and nearly always the
// first place looked at is the last.
uint32_t LiteralTable::Guess(uint32_t parent, char32_t character) const {
  const uint64_t spread = Spread(parent, character);
  size_t edge = static_cast<size_t>(spread >> 32) & mask_;
  while ((static_cast<int>(edges_[edge].child != kNone) &
          static_cast<int>(edges_[edge].tag != static_cast<uint32_t>(spread))) != 0) {
    edge = (edge + 1) & mask_;
  }
  return edges_[edge].child;
}

uint32_t LiteralTable::Confirm(uint32_t guess, uint32_t parent, char32_t character) const {
  const Node& node = nodes_[guess];
  const int wrong =
      static_cast<int>(guess != kNone) &
      (static_cast<int>(node.parent != parent) | static_cast<int>(node.character != character));
  return __builtin_expect(wrong, 0) != 0 ? FindSlowly(parent, character) : guess;
}

uint32_t LiteralTable::FindSlowly(uint32_t parent, char32_t character) const {
  size_t edge = static_cast<size_t>(Spread(parent, character) >> 32) & mask_;
  while (edges_[edge].child != kNone && (nodes_[edges_[edge].child].parent != parent ||
                                         nodes_[edges_[edge].child].character != character)) {
    edge = (edge + 1) & mask_;
  }
  return edges_[edge].child;
}

// All hits in any order; returns how many. Which characters lead further is as good as chance, so
// hardly anything here is a jump that depends on it: lists are written one place too far and
// counted on only by what was found, and what a step reads has been asked for by the step before.
size_t LiteralTable::Collect(std::span<const char32_t> text, std::vector<Hit>* found) const {
  size_t count = 0;
  for (size_t block = 0; block < text.size(); block += kBlock) {
    const size_t size = std::min(kBlock, text.size() - block);
    std::array<uint32_t, kBlock + 1> nodes;   // where each place that is still followed stands,
    std::array<uint32_t, kBlock + 1> places;  // and where it began
    std::array<uint32_t, kBlock + 1> guesses;
    for (size_t i = 0; i < size; ++i) {
      const char32_t character = text[block + i];
      guesses[i] = character < kBasicPlane ? first_[character] : FindSlowly(kNone, character);
      places[i] = static_cast<uint32_t>(block + i);
      __builtin_prefetch(&nodes_[guesses[i]]);
    }
    size_t followed = size;
    for (size_t length = 1; followed > 0; ++length) {
      if (found->size() < count + kBlock + 1) found->resize(2 * (count + kBlock + 1));
      Hit* const hits = found->data();
      size_t going = 0;
      for (size_t k = 0; k < followed; ++k) {
        const size_t begin = places[k];
        const size_t end = begin + length;
        const uint32_t node =
            length == 1 ? guesses[k] : Confirm(guesses[k], nodes[k], text[end - 1]);
        hits[count] = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end),
                       nodes_[node].literal};
        count += nodes_[node].literal != 0 ? 1 : 0;
        const char32_t next = text[std::min(end, text.size() - 1)];
        nodes[going] = node;
        places[going] = static_cast<uint32_t>(begin);
        Prefetch(node, next);
        going += static_cast<size_t>(static_cast<int>(end < text.size()) &
                                     static_cast<int>((nodes_[node].followers & BitOf(next)) != 0));
      }
      followed = going;
      for (size_t k = 0; k < followed; ++k) {
        guesses[k] = Guess(nodes[k], text[places[k] + length]);
        __builtin_prefetch(&nodes_[guesses[k]]);
      }
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
