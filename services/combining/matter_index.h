#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "services/combining/route.h"
#include "services/domain/alert.h"

namespace supervision::combining {

// What is compared of a clue.
struct Comparable {
  std::string clue_id;
  absl::Time at;  // when it was accepted
  std::shared_ptr<const domain::MatterKeys> keys;
  // Its organ within its county, by name and by credit code; 0: it has none. Texts of others are
  // not compared: the same sentence about two organs is no one matter.
  std::array<uint64_t, 2> organs{};
  auto order() const { return std::tie(at, clue_id); }
};

std::array<uint64_t, 2> OrgansOf(const domain::Facets& facets);

// Why two clues are taken for one matter.
struct Likeness {
  domain::LinkBy by = domain::LinkBy::kUnspecified;
  int distance = 0;  // of kText
};

// Nothing: they are not. The same number says more than a text, however near.
std::optional<Likeness> LikenessOf(const LinkRule& rule, const Comparable& one,
                                   const Comparable& other);

// Finds among many clues the one whose matter another is about. An exact search: every text of the
// organ is looked at, which costs about as much as one look-up for a hundred of them. For one
// thread.
class MatterIndex {
 public:
  // Of one organ, and of one number, the newest; texts of older ones are no longer compared.
  static constexpr size_t kMostCompared = 10'000;

  explicit MatterIndex(const LinkRule& rule) : rule_(rule) {}

  // `clue` does not change while it is here.
  void Add(const Comparable* clue);
  void Remove(const Comparable* clue);

  struct Match {
    const Comparable* clue = nullptr;
    Likeness likeness;
  };
  // Of those that came at `since` or later: the oldest with one of its numbers; else the nearest
  // text, of several the oldest. `clue` itself is not here.
  std::optional<Match> Find(const Comparable& clue, absl::Time since) const;

 private:
  struct Text {
    uint64_t shape;
    const Comparable* clue;
  };

  const LinkRule rule_;
  absl::flat_hash_map<uint64_t, std::vector<const Comparable*>> numbers_;  // sorted by order()
  absl::flat_hash_map<uint64_t, std::vector<Text>> texts_;                 // by organ
};

}  // namespace supervision::combining
