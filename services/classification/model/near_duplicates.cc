#include <algorithm>
#include <numeric>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "services/classification/model/trainer.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr size_t kShingle = 4;      // characters
constexpr double kShared = 0.25;    // share of the shorter text's shingles that makes duplicates
constexpr size_t kMostOwners = 60;  // a shingle in more texts is a set phrase and tells nothing

std::vector<uint64_t> Shingles(const LabelledClue& clue) {
  std::u32string letters;
  for (const std::string* text : {&clue.title, &clue.content}) {
    for (size_t at = 0; at < text->size();) {
      const char32_t point = DecodeUtf8(*text, &at);
      if (IsHan(point) || (point >= U'0' && point <= U'9') || (point >= U'a' && point <= U'z')) {
        letters.push_back(point);
      }
    }
  }
  std::set<uint64_t> shingles;
  for (size_t i = 0; i + kShingle <= letters.size(); ++i) {
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (size_t j = i; j < i + kShingle; ++j) hash = (hash ^ letters[j]) * 0x100000001b3;
    shingles.insert(hash);
  }
  return {shingles.begin(), shingles.end()};
}

}  // namespace

std::vector<uint32_t> NearDuplicateGroups(std::span<const LabelledClue> clues) {
  std::vector<uint32_t> parent(clues.size());
  std::iota(parent.begin(), parent.end(), 0U);
  const auto root = [&](uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  std::vector<size_t> sizes;
  absl::flat_hash_map<uint64_t, std::vector<uint32_t>> owners;
  std::vector<uint32_t> common(clues.size(), 0);
  for (uint32_t i = 0; i < clues.size(); ++i) {
    const std::vector<uint64_t> shingles = Shingles(clues[i]);
    sizes.push_back(shingles.size());
    std::vector<uint32_t> met;
    for (const uint64_t shingle : shingles) {
      std::vector<uint32_t>& texts = owners[shingle];
      if (texts.size() < kMostOwners) {
        for (const uint32_t other : texts) {
          if (common[other]++ == 0) met.push_back(other);
        }
      }
      texts.push_back(i);
    }
    for (const uint32_t other : met) {
      const auto shorter = static_cast<double>(std::min(sizes[i], sizes[other]));
      if (common[other] > kShared * shorter) {
        const auto [low, high] = std::minmax({root(i), root(other)});
        parent[high] = low;
      }
      common[other] = 0;
    }
  }
  std::vector<uint32_t> groups(clues.size());
  uint32_t count = 0;
  for (uint32_t i = 0; i < clues.size(); ++i) {
    groups[i] = root(i) == i ? count++ : groups[root(i)];
  }
  return groups;
}

}  // namespace supervision::classification
