#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "services/combining/common.h"
#include "services/combining/firing.h"
#include "services/combining/group_key.h"
#include "services/combining/matters.h"
#include "services/combining/member.h"
#include "services/combining/route.h"
#include "services/combining/unit_record.h"
#include "services/combining/untold.h"

namespace supervision::combining {

// Finds what routes have to tell, from the entries of the log and the time alone. Pure: no clock,
// no I/O; given the same entries it finds the same.
//
// Its life begins with a replay: entries from so far back as the routes reach, those that earlier
// owners raised among them. What it finds meanwhile is held until GoLive(), which drops what has
// been told or settled: an owner may die between any two of its steps, and the next tells what is
// left, once. Afterwards it goes on with each entry as it comes.
//
// Invariants: a group's members are sorted by time and id, each clue once; a clue that is taken
// back or corrected leaves the groups that it no longer belongs to. What has been told is not taken
// back; what waits for its time is looked at again when a clue of it has left or changed, and is
// dropped where too little is left.
//
// Bounded: at most kMostClues in all groups together, the oldest is forgotten first; at most
// kMostOfGroup of one. As many more in the matters of routes that link, which are kept apart: see
// Matters; and what is known against organs, where a route asks for it: see UnitRecord. What lies
// behind the reach of the routes is forgotten too, unless what waits, be it for offices to open
// after a holiday, has yet to be told; and a group that nothing belongs to any more, once it is not
// silent and nothing would join it. For one thread.
class Engine {
 public:
  static constexpr size_t kMostClues = 300'000;
  static constexpr size_t kMostOfGroup = 20'000;

  // Clues accepted before `starts` (by route id; nothing: always) never make anything due, though
  // they count.
  Engine(std::shared_ptr<const RouteSet> routes, std::map<std::string, absl::Time> starts);
  ~Engine();

  // Before the log is read: a clue's alert as the ledger has it, that was dealt with.
  void Recall(const domain::Alert& alert);

  // Before the log is read: of what came before `at` it knows nothing. By itself: all is known.
  void HistoryBegins(absl::Time at) { known_since_ = at; }

  // An entry of the log; those of a partition in their order.
  void Take(int partition, int64_t position, const domain::ChangeEvent& event);

  // Ends the replay. What was due up to `settled` (of each partition) has been seen to. Entries of
  // different partitions may have come to the earlier owner in another order: another clue than
  // here may have made due what it has yet to tell.
  void GoLive(const std::vector<int64_t>& settled);

  // What has become due by `now`, the earliest first; each is handed out once.
  std::vector<Firing> Due(absl::Time now);
  // What matters that are in the log silence; each is handed out once.
  std::vector<Hush> Hushes();
  // When something becomes due next.
  std::optional<absl::Time> NextDue() const;
  // The first entry of `partition` on which something hangs that has not been handed out.
  std::optional<int64_t> Unsettled(int partition) const { return untold_.First(partition); }
  // Since when something hangs in the log that has not been handed out: who begins a replay there,
  // less the reach of the routes, finds all of it. The infinite future: nothing does.
  absl::Time UntoldSince() const;

  // Those of matters among them; a clue of a matter and of a group counts twice.
  size_t groups() const;
  // Those of them, but for matters, that nothing belongs to and that are kept for a while.
  size_t empty_groups() const { return empty_.size(); }
  size_t clues() const;
  int64_t forgotten() const;

 private:
  using Held = std::multimap<absl::Time, Firing>::iterator;

  // Of alerts that are in the log.
  struct Told {
    std::string record;
    std::string trigger;  // the newest clue
    uint32_t version = 0;
    int64_t total = 0;
    absl::Time from, to, due, at;
    absl::Time begun;  // of what belongs together: the group's wait_from, where it names one of it
  };
  struct Raised {
    uint32_t version = 0;
    domain::Risk risk = domain::Risk::kUnspecified;
  };
  struct Joined {  // the entry by which a clue joined a group
    int partition;
    int64_t position;
    absl::Time at;
  };
  struct Group {
    const Route* route = nullptr;
    std::string digest;
    GroupKey key;
    std::deque<Member> members;
    std::vector<Told> told;  // during the replay
    // During the replay, since it was told last: clues that came by a correction, and when those
    // were accepted that left it.
    std::set<std::string> moved;
    std::vector<absl::Time> gone;
    std::vector<Joined> joined;  // during the replay
    absl::Time silent_until = absl::InfinitePast();
    // Of a RaiseRule: what was told of a clue last, or waits to be; see Look.
    std::map<std::string, Raised> raised;
    // Once it has no members: until when something of it must be remembered.
    absl::Time kept_until = absl::InfinitePast();
    // Of a GroupRule: those members belong together that have a part; see Member.
    bool begun = false;
    absl::Time wait_from;  // when the first was taken
    absl::Time to_last;    // when the last was taken
    Common common;         // of all that belonged to it, also those that have left
    std::string first;     // clue
    std::string record;    // of an alert that an earlier owner raised
    uint32_t version = 0;
    int64_t total = 0;
    int64_t fresh = 0;  // of them, those that have not been told
    absl::Time told_at;
    absl::Time due = absl::InfiniteFuture();
    // Since when something of it has not been told.
    absl::Time untold_since = absl::InfiniteFuture();
  };
  struct Clue {
    FactsPtr facts;
    absl::Time at;
    std::vector<std::string> groups;  // digests
  };
  struct Entry {  // of the log, being taken
    int partition;
    int64_t position;
    absl::Time at;
    std::string clue_id;
    bool corrected;      // no clue that has just come
    bool stays = false;  // in the group that is looked at, in which it was before
  };

  struct Former {  // a group in which the clue was before
    std::string digest;
    Group* group;  // null: it was given up
    Member was;
    bool stays = false;
  };

  // A group that a clue joins.
  struct Joining {
    const Route* route;
    GroupKey key;
    bool counts_only = false;  // for an addend of the route; nothing is told of it
  };

  void TakeTold(const domain::ChangeEvent& event);
  std::vector<Joining> GroupsOf(const Facts& facts) const;
  Group* GroupFor(const Route& route, GroupKey key);
  // Whether it did: it may be there by another of its problems.
  bool Join(const Entry& entry, Member::Part part, Clue* clue, Group* group);
  // The end: it is none, or was forgotten.
  static std::deque<Member>::iterator MemberOf(const std::string& clue_id, absl::Time at,
                                               Group* group);
  // What it was there.
  static Member Leave(const std::string& clue_id, const Clue& clue, Group* group);
  // After all that it joined: a group in which it was before.
  void Settle(const Entry& entry, const Former& before);
  void Forget();
  void GiveUpIfEmpty(Group* group);
  void GiveUp(Group* group);

  // A clue that stays makes nothing due again, unless it is raised higher than was told of it; one
  // that is HIGH now ends the waiting for offices.
  void Look(const Entry& entry, Group* group, const GroupRule& rule);
  void Look(const Entry& entry, Group* group, const ThresholdRule& rule);
  void Look(const Entry& entry, Group* group, const SurgeRule& rule);
  void Look(const Entry& entry, Group* group, const RaiseRule& rule);
  void Look(const Entry&, Group*, const LinkRule&) {}  // its clues are in matters_
  // The others among which an addend counts for `clue`, in their order.
  // Of what was dealt with, what was by `now`.
  std::vector<const Member*> OthersOf(const RaiseAddend& addend, absl::Time now, const Group& group,
                                      const Member& clue) const;

  template <typename Rule>
  void LookOnce(const Entry& entry, Group* group, const Rule& rule);
  // What the rule finds in the group as it is, in the window that ends at `until`; nothing: too
  // little.
  std::optional<Firing> Find(const Group& group, const ThresholdRule& rule, absl::Time until,
                             absl::Time due) const;
  std::optional<Firing> Find(const Group& group, const SurgeRule& rule, absl::Time until,
                             absl::Time due) const;
  // By what the member `clue_id` is raised.
  std::optional<Firing> Find(const Group& group, const RaiseRule& rule, const std::string& clue_id,
                             absl::Time due, uint32_t version) const;

  // What waits and has counted the clue is found again as things are now, or dropped.
  void LookAgain(const Entry& entry, const Group& group);
  template <typename Rule>
  std::optional<Firing> FindAgain(const Firing& waiting, const Group& group,
                                  const Rule& rule) const;
  std::optional<Firing> FindAgain(const Firing& waiting, const Group& group,
                                  const RaiseRule& rule) const;
  static bool FoundLast(const Firing& firing, const Group& group);
  // Nothing of it is there any more, nor what followed from it.
  void Drop(Held waiting);
  void Schedule(const Entry& entry, Group* group, const GroupRule& rule);

  Held WaitingOf(const Group& group, absl::Time now, const std::string& trigger = "");
  void Hurry(const Entry& entry, const Group& group, Held waiting, Firing found);
  void Hold(const Entry& entry, const Group& group, Firing firing);
  void Keep(Firing firing);
  bool SeenTo(const Firing& firing, const std::vector<int64_t>& settled) const;
  bool WasTold(const Firing& firing) const;
  bool Names(const domain::AlertGroup& told, Group* group);
  void Adopt(Group* group, const GroupRule& rule);
  void SetDue(Group* group, absl::Time due);
  void SetUntold(Group* group, absl::Time since);
  bool Open(const Group& group) const;
  void End(Group* group, const GroupRule& rule);
  std::optional<Firing> TellGroup(Group* group, const GroupRule& rule, absl::Time now,
                                  bool ended = false);
  void MarkProvisional(Firing* firing) const;
  absl::Time Allowed(const Route& route, domain::Risk risk, absl::Time time) const {
    return AllowedAt(*routes_, route, risk, time);
  }
  // The same of what belongs together.
  absl::Time Allowed(const Group& group, absl::Time time) const {
    return Allowed(*group.route, group.route->risk.value_or(group.common.facets().risk), time);
  }
  bool Started(const Route& route, absl::Time time) const;

  const std::shared_ptr<const RouteSet> routes_;
  const std::map<std::string, absl::Time> starts_;
  std::vector<std::unique_ptr<Matters>> matters_;  // of each route that links
  std::optional<UnitRecord> record_;               // where a route asks for it
  const bool counts_persons_;
  bool replaying_ = true;
  absl::Time known_since_ = absl::InfinitePast();
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;  // by digest
  std::unordered_map<std::string, Clue> clues_;
  std::set<std::pair<absl::Time, std::string>> ages_;   // clues by when they were accepted
  std::multimap<absl::Time, Firing> held_;              // by when they may be told
  Untold untold_;                                       // of held_
  std::set<std::pair<absl::Time, std::string>> due_;    // digests of groups
  std::set<std::pair<absl::Time, std::string>> empty_;  // digests of groups, by kept_until
  // Groups by untold_since: those that are due some time, and those that may become so.
  std::set<std::pair<absl::Time, std::string>> waiting_, open_;
  absl::Time newest_ = absl::InfinitePast();
  int64_t forgotten_ = 0;
};

}  // namespace supervision::combining
