#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "services/combining/common.h"
#include "services/combining/firing.h"
#include "services/combining/matter_index.h"

namespace supervision::combining {

// A member of a matter that is to be silent, since the matter has a graver one; or no longer.
struct Hush {
  std::string clue_id;
  std::string matter;     // id of the record that stands for it
  domain::Facets facets;  // of the matter's alert: who sees it is not told of the member
  absl::Duration length;  // of the silence
  const Route* route = nullptr;
  bool over = false;  // the silence is to end, if there is one
};

// The matters of one route: finds which clues are about the same, and what is to be told of them. A
// part of the Engine, with its life of a replay and a time after it; see there.
//
// A clue belongs to at most one matter: that of the clue it was found to be like when it came, or
// when its text changed while it was young. Matters are not joined to one afterwards, when a clue
// is like members of two. A clue that is taken back, leaves the route's filter or is no longer like
// any other member leaves its matter.
//
// A matter is known by the first two clues of it, and by its record once it is in the log. In the
// replay what an earlier owner told decides which clues belong to which matter: it had read more,
// or in another order, and might have put them together otherwise. Where a clue goes, those go that
// were found to be like it and have not been told.
//
// Bounded: at most `most_clues`, the oldest is forgotten first; of a matter at most kMostOfMatter
// clues are known, older ones are only counted. For one thread.
class Matters {
 public:
  static constexpr size_t kMostOfMatter = 1000;

  // Nothing that changed before `start` makes anything due.
  Matters(std::shared_ptr<const RouteSet> routes, const Route* route, absl::Time start,
          size_t most_clues);

  // A clue as it is now.
  void Take(const domain::Alert& alert, const FactsPtr& facts);
  // What is in the log of a matter.
  void TakeTold(const domain::Alert& alert);
  void GoLive();

  std::vector<Firing> Due(absl::Time now);
  // What is to be silenced by matters that are in the log, and what no longer: the matter is not
  // HIGH any more, or the clue has left it. Each is handed out once in the life of an owner.
  std::vector<Hush> Hushes() { return std::exchange(hushes_, {}); }
  std::optional<absl::Time> NextDue() const;
  // See Engine.
  absl::Time UntoldSince() const;

  const Route& route() const { return *route_; }
  size_t size() const { return matters_.size(); }
  size_t clues() const { return clues_.size(); }
  int64_t forgotten() const { return forgotten_; }

 private:
  struct Member {
    absl::Time at;
    std::string clue_id;
    FactsPtr facts;  // null: it is known only from what was told
    domain::AlertGroup::Link link;
    std::string via;  // the clue that it was found to be like
    bool hushed = false;
    auto order() const { return std::tie(at, clue_id); }
  };
  struct Matter {
    std::string digest;
    std::string first;           // clue; names the record
    std::string record;          // once it is in the log, as an earlier owner named it
    std::deque<Member> members;  // sorted
    int64_t total = 0;           // with those that are only counted
    size_t held = 0;             // members among clues_
    Common common;               // of all that ever belonged to it
    absl::Time from = absl::InfiniteFuture();
    absl::Time to = absl::InfinitePast();
    // As it was told last.
    uint32_t version = 0;
    std::set<std::string> told;  // members that it named
    // Those that are silent, or may be made so by an earlier owner.
    std::set<std::string> silent;
    int64_t told_total = 0;
    domain::Facets told_facets;
    std::vector<std::string> told_problems;
    absl::Time told_at;
    absl::Time changed_at = absl::InfinitePast();
    // Of the changes that have not been told, or need not be, the first.
    absl::Time untold_since = absl::InfiniteFuture();
    absl::Time touched = absl::InfinitePast();
    absl::Time due = absl::InfiniteFuture();
  };
  struct Clue : Comparable {
    FactsPtr facts;
    Matter* matter = nullptr;
  };

  void Change(Clue* clue, const domain::Alert& alert, const FactsPtr& facts);
  void Remove(const std::string& clue_id, absl::Time at);
  void Link(Clue* clue, absl::Time at);
  bool Belongs(const Clue& clue, absl::Time since) const;
  Matter* MatterOf(Clue* one, Clue* other);
  Matter* MatterNamed(std::string digest, const std::string& first);
  void Join(Clue* clue, Matter* matter, domain::AlertGroup::Link link, std::string via);
  static void Recount(Matter* matter);
  void Move(Clue* clue, Matter* matter, domain::AlertGroup::Link link);
  static void Leave(Clue* clue);
  void Insert(Member member, Matter* matter);
  void Return(Clue* clue, absl::Time at);
  void RemoveAbsent(const std::string& clue_id, absl::Time at);
  static std::deque<Member>::iterator Find(const std::string& clue_id, Matter* matter);
  static bool Erase(const std::string& clue_id, Matter* matter);
  void Forget();

  void Changed(Matter* matter, absl::Time at);
  void Schedule(Matter* matter, absl::Time at);
  void SetDue(Matter* matter, absl::Time due);
  void Touch(Matter* matter, absl::Time at);
  bool NeedsTelling(const Matter& matter) const;
  domain::Facets FacetsOf(const Matter& matter) const;
  std::optional<Firing> Tell(Matter* matter, absl::Time now);
  void HushLow(Matter* matter);
  void EndHushes(Matter* matter);

  const std::shared_ptr<const RouteSet> routes_;
  const Route* const route_;
  const LinkRule rule_;
  const absl::Time start_;
  const size_t most_clues_;
  bool replaying_ = true;
  MatterIndex index_;
  std::unordered_map<std::string, Clue> clues_;
  // Members of matters that are too old to be compared, or known only from what was told; none that
  // is only counted.
  std::unordered_map<std::string, Matter*> absent_;
  std::unordered_map<std::string, std::unique_ptr<Matter>> matters_;  // by digest
  std::set<std::pair<absl::Time, std::string>> ages_;                 // clues by when they came
  std::set<std::pair<absl::Time, std::string>> touched_;              // matters, when last changed
  std::set<std::pair<absl::Time, std::string>> due_;                  // matters
  std::unordered_set<std::string> left_;       // in the replay: clues that left a matter
  absl::Time begun_ = absl::InfiniteFuture();  // the replay
  std::vector<Hush> hushes_;
  absl::Time newest_ = absl::InfinitePast();
  int64_t forgotten_ = 0;
};

}  // namespace supervision::combining
