#include "services/combining/matter_index.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace supervision::combining {
namespace {

constexpr size_t kCountyDigits = 6;

uint64_t OrganOf(const std::string& county, char sort, const std::string& text) {
  if (text.empty()) return 0;
  return std::hash<std::string>()(absl::StrCat(county, std::string(1, sort), text)) | 1;
}

bool SameOrgan(const Comparable& one, const Comparable& other) {
  for (size_t i = 0; i < one.organs.size(); ++i) {
    if (one.organs[i] != 0 && one.organs[i] == other.organs[i]) return true;
  }
  return false;
}

// Of two sorted lists.
bool HaveOneInCommon(const std::vector<uint64_t>& one, const std::vector<uint64_t>& other) {
  auto a = one.begin();
  auto b = other.begin();
  while (a != one.end() && b != other.end()) {
    if (*a == *b) return true;
    *a < *b ? ++a : ++b;
  }
  return false;
}

bool Older(const Comparable* one, const Comparable* other) { return one->order() < other->order(); }

}  // namespace

std::array<uint64_t, 2> OrgansOf(const domain::Facets& facets) {
  const std::string county = facets.region_code.substr(0, kCountyDigits);
  return {OrganOf(county, 'n', facets.unit.name), OrganOf(county, 'c', facets.unit.credit_code)};
}

std::optional<Likeness> LikenessOf(const LinkRule& rule, const Comparable& one,
                                   const Comparable& other) {
  if (HaveOneInCommon(one.keys->numbers, other.keys->numbers)) {
    return Likeness{domain::LinkBy::kNumber, 0};
  }
  if (one.keys->shape == 0 || other.keys->shape == 0 || !SameOrgan(one, other)) return std::nullopt;
  const int distance = domain::ShapeDistance(one.keys->shape, other.keys->shape);
  if (distance > rule.distance) return std::nullopt;
  return Likeness{domain::LinkBy::kText, distance};
}

void MatterIndex::Add(const Comparable* clue) {
  for (const uint64_t number : clue->keys->numbers) {
    std::vector<const Comparable*>& list = numbers_[number];
    list.insert(std::upper_bound(list.begin(), list.end(), clue, Older), clue);
    if (list.size() > kMostCompared) list.erase(list.begin());
  }
  if (clue->keys->shape == 0) return;
  for (const uint64_t organ : clue->organs) {
    if (organ == 0) continue;
    std::vector<Text>& list = texts_[organ];
    list.push_back({clue->keys->shape, clue});
    if (list.size() > kMostCompared) list.erase(list.begin());
  }
}

void MatterIndex::Remove(const Comparable* clue) {
  for (const uint64_t number : clue->keys->numbers) {
    const auto list = numbers_.find(number);
    if (list == numbers_.end()) continue;
    const auto found = std::lower_bound(list->second.begin(), list->second.end(), clue, Older);
    if (found != list->second.end() && *found == clue) list->second.erase(found);
    if (list->second.empty()) numbers_.erase(list);
  }
  for (const uint64_t organ : clue->organs) {
    const auto list = texts_.find(organ);
    if (organ == 0 || list == texts_.end()) continue;
    const auto found = std::find_if(list->second.begin(), list->second.end(),
                                    [clue](const Text& text) { return text.clue == clue; });
    if (found != list->second.end()) list->second.erase(found);
    if (list->second.empty()) texts_.erase(list);
  }
}

std::optional<MatterIndex::Match> MatterIndex::Find(const Comparable& clue,
                                                    absl::Time since) const {
  Match best;
  for (const uint64_t number : clue.keys->numbers) {
    const auto list = numbers_.find(number);
    if (list == numbers_.end()) continue;
    const auto first =
        std::partition_point(list->second.begin(), list->second.end(),
                             [since](const Comparable* other) { return other->at < since; });
    if (first == list->second.end()) continue;
    if (best.clue == nullptr || Older(*first, best.clue)) {
      best = {*first, {domain::LinkBy::kNumber, 0}};
    }
  }
  if (best.clue != nullptr) return best;
  if (clue.keys->shape == 0) return std::nullopt;
  for (const uint64_t organ : clue.organs) {
    const auto list = texts_.find(organ);
    if (organ == 0 || list == texts_.end()) continue;
    for (const Text& text : list->second) {
      const int distance = domain::ShapeDistance(clue.keys->shape, text.shape);
      if (distance > rule_.distance || text.clue->at < since) continue;
      if (best.clue == nullptr || distance < best.likeness.distance ||
          (distance == best.likeness.distance && Older(text.clue, best.clue))) {
        best = {text.clue, {domain::LinkBy::kText, distance}};
      }
    }
  }
  if (best.clue == nullptr) return std::nullopt;
  return best;
}

}  // namespace supervision::combining
