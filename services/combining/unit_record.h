#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "services/combining/member.h"
#include "services/domain/alert.h"

namespace supervision::combining {

// What is known against organs: the clues about each that were found true and dealt with, that is,
// whose alerts stand resolved as HANDLED. It goes back further than the log, so whoever takes over
// is first told what the ledger has, and then follows the log, in which each entry says how its
// clue's alert stands: whatever of both is told twice or late, the last entry decides.
//
// Bounded: at most kMostClues, and kMostOfUnit of one organ; those that came first are forgotten.
// For one thread.
class UnitRecord {
 public:
  static constexpr size_t kMostClues = 100'000;
  // More would add nothing to any risk: see config.
  static constexpr size_t kMostOfUnit = 200;

  struct Case : Member {
    absl::Time handled_at;
  };

  static bool Counts(const domain::Alert& alert);

  // A clue's alert as it stands. `facts` may be null for one that does not count.
  void Take(const domain::Alert& alert, FactsPtr facts);
  // Gives up what was accepted before `oldest`.
  void Forget(absl::Time oldest);

  // Those about an organ that were accepted after `from` and dealt with by `now`, the oldest first.
  // Valid until something changes.
  std::vector<const Member*> Of(const std::string& unit, absl::Time from, absl::Time now) const;

  size_t size() const { return cases_.size(); }
  // How many were given up since there were too many in all.
  int64_t forgotten() const { return forgotten_; }

 private:
  using Order = std::pair<absl::Time, std::string>;  // when accepted, clue
  void Remove(const std::string& clue_id);

  std::unordered_map<std::string, Case> cases_;  // by clue
  std::set<Order> ages_;
  std::unordered_map<std::string, std::set<Order>> units_;
  int64_t forgotten_ = 0;
};

}  // namespace supervision::combining
