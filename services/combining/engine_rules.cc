// What each kind of route looks for when a clue has joined one of its groups.
#include <algorithm>
#include <iterator>
#include <set>
#include <type_traits>

#include "services/combining/about.h"
#include "services/combining/engine.h"
#include "services/combining/wording.h"

namespace supervision::combining {
namespace {

// Where what waits is looked for again: each window may be as long as a group, and one taken back
// must not hold up the log.
constexpr int kMostEnds = 1000;

// What tells one clue of a group from another when only different ones count; empty: nothing.
std::string CountedBy(GroupBy by, const Facts& facts, size_t region_digits, const Organs& organs) {
  const domain::Facets& facets = facts.facets;
  switch (by) {
    case GroupBy::kScenario:
      return std::string(domain::Code(facets.scenario));
    case GroupBy::kUnit:
      return organs.Of(facets);
    case GroupBy::kRegion:
      return facets.region_code.substr(0, region_digits);
    case GroupBy::kProblem:
      return facts.problems.empty() ? "" : facts.problems.front();
  }
  return "";
}

// The first that was accepted after `time`.
std::deque<Member>::const_iterator Behind(const std::deque<Member>& members, absl::Time time) {
  return std::upper_bound(members.begin(), members.end(), time,
                          [](absl::Time at, const Member& member) { return at < member.at; });
}

}  // namespace

void Engine::Look(const Entry& entry, Group* group, const ThresholdRule& rule) {
  LookOnce(entry, group, rule);
}

void Engine::Look(const Entry& entry, Group* group, const SurgeRule& rule) {
  LookOnce(entry, group, rule);
}

// Of rules that are silent after they have found something.
template <typename Rule>
void Engine::LookOnce(const Entry& entry, Group* group, const Rule& rule) {
  const Clue& clue = clues_[entry.clue_id];
  const absl::Time newest = group->members.back().at;
  if (entry.stays || entry.at < group->silent_until) {
    if (clue.facts->facets.risk != domain::Risk::kHigh) return;
    const Held waiting = WaitingOf(*group, entry.at);
    if (waiting == held_.end()) return;
    std::optional<Firing> found = Find(*group, rule, newest, waiting->second.due);
    if (found.has_value()) Hurry(entry, *group, waiting, *std::move(found));
    return;
  }
  // A clue that a correction brings here long after it came makes nothing due.
  if (!Started(*group->route, entry.at) || entry.at - clue.at >= rule.window) return;
  std::optional<Firing> found = Find(*group, rule, std::max(entry.at, newest), entry.at);
  if (!found.has_value()) return;
  group->silent_until = entry.at + rule.repeat;
  Hold(entry, *group, *std::move(found));
}

// Where too few are left of those that were counted, those that have come since may do: the first
// window that ends at one of them and finds enough. Unless something was found of them already.
template <typename Rule>
std::optional<Firing> Engine::FindAgain(const Firing& waiting, const Group& group,
                                        const Rule& rule) const {
  if constexpr (std::is_same_v<Rule, ThresholdRule> || std::is_same_v<Rule, SurgeRule>) {
    const absl::Time until = std::max(waiting.due, waiting.alert.group->to);
    std::optional<Firing> found = Find(group, rule, until, waiting.due);
    if (found.has_value() || !FoundLast(waiting, group)) return found;
    auto end = Behind(group.members, until);
    for (int k = 0; k < kMostEnds && end != group.members.end(); ++k) {
      found = Find(group, rule, end->at, waiting.due);
      if (found.has_value()) return found;
      end = Behind(group.members, end->at);
    }
  }
  return std::nullopt;
}

// Whether nothing was found of the group since.
bool Engine::FoundLast(const Firing& firing, const Group& group) {
  return group.silent_until == firing.due + RepeatOf(*group.route);
}

// It is the same finding still, and told when it would have been.
void Engine::LookAgain(const Entry& entry, const Group& group) {
  const Route& route = *group.route;
  if (route.times == Times::kAlways || std::holds_alternative<GroupRule>(route.rule)) return;
  for (auto held = held_.upper_bound(entry.at); held != held_.end();) {
    const Held waiting = held++;
    const domain::AlertGroup& told = *waiting->second.alert.group;
    if (told.route != route.id) continue;
    // What raises a clue may have been counted by another part of what they have in common.
    if (told.digest != group.digest &&
        std::find(told.members.begin(), told.members.end(), entry.clue_id) == told.members.end()) {
      continue;
    }
    const auto of = groups_.find(told.digest);
    std::optional<Firing> found;
    if (of != groups_.end()) {
      found = std::visit(
          [&](const auto& rule) { return FindAgain(waiting->second, *of->second, rule); },
          route.rule);
    }
    if (!found.has_value()) {
      Drop(waiting);
    } else {
      waiting->second.alert = std::move(found->alert);
    }
  }
}

void Engine::Drop(Held waiting) {
  const Firing& firing = waiting->second;
  const auto found = groups_.find(firing.alert.group->digest);
  if (found != groups_.end()) {
    Group& group = *found->second;
    if (FoundLast(firing, group)) group.silent_until = absl::InfinitePast();
    group.raised.erase(firing.trigger);  // only a first version waits: what is graver is HIGH
  }
  untold_.Remove(firing);
  held_.erase(waiting);
}

std::optional<Firing> Engine::Find(const Group& group, const ThresholdRule& rule, absl::Time until,
                                   absl::Time due) const {
  const auto first = Behind(group.members, until - rule.window);
  const auto last = Behind(group.members, until);
  auto measured = static_cast<int64_t>(std::distance(first, last));
  if (measured < rule.at_least) return std::nullopt;
  if (rule.distinct.has_value()) {
    Organs organs;
    for (auto member = first; member != last; ++member) organs.Add(member->facts->facets);
    std::set<std::string> different;
    for (auto member = first; member != last; ++member) {
      std::string by =
          CountedBy(*rule.distinct, *member->facts, group.route->region_digits, organs);
      if (!by.empty()) different.insert(std::move(by));
    }
    measured = static_cast<int64_t>(different.size());
    if (measured < rule.at_least) return std::nullopt;
  }
  domain::AlertGroup told;
  Firing firing = About(*group.route, group.key, group.digest, domain::AlertKind::kThresholdReached,
                        first, last, &told);
  told.measured = static_cast<double>(measured);
  told.limit = rule.at_least;
  told.ordinal = 1;
  Word(rule, &told);
  Finish(std::move(told), due, &firing);
  return firing;
}

std::optional<Firing> Engine::Find(const Group& group, const SurgeRule& rule, absl::Time until,
                                   absl::Time due) const {
  // A window of which nothing is known is none in which nothing came.
  const bool full = group.members.size() >= kMostOfGroup;
  const absl::Time known = full ? group.members.front().at : known_since_;
  if (until < SpeaksFrom(rule, known)) return std::nullopt;
  // Index of the first member behind each border, the newest window first.
  std::vector<size_t> borders;
  for (int k = 0; k <= rule.baseline + 1; ++k) {
    const absl::Time border = until - k * rule.window;
    if (k > 0 && border < known) break;
    const auto behind = Behind(group.members, border);
    borders.push_back(static_cast<size_t>(behind - group.members.begin()));
  }
  const size_t now = borders[0] - borders[1];
  if (now < static_cast<size_t>(rule.at_least)) return std::nullopt;
  std::vector<double> before;
  for (size_t k = 1; k + 1 < borders.size(); ++k) {
    before.push_back(static_cast<double>(borders[k] - borders[k + 1]));
  }
  std::sort(before.begin(), before.end());
  const size_t half = before.size() / 2;
  const double usual =
      before.size() % 2 == 1 ? before[half] : (before[half - 1] + before[half]) / 2;
  if (static_cast<double>(now) < rule.factor * usual) return std::nullopt;
  domain::AlertGroup told;
  const auto at = [&](size_t index) {
    return group.members.begin() + static_cast<std::ptrdiff_t>(index);
  };
  Firing firing = About(*group.route, group.key, group.digest, domain::AlertKind::kThresholdReached,
                        at(borders[1]), at(borders[0]), &told);
  // The usual number tells of the clues before too: who sees it must be allowed to see them.
  Common all;
  for (auto member = at(borders.back()); member != at(borders[0]); ++member) {
    all.Add(*member->facts);
  }
  const domain::Risk risk = firing.alert.facets.risk;
  firing.alert.facets = all.facets();
  firing.alert.facets.risk = risk;
  told.usual = usual;
  told.measured = usual > 0 ? static_cast<double>(now) / usual : static_cast<double>(now);
  told.limit = usual > 0 ? rule.factor : rule.at_least;
  told.ordinal = 1;
  Word(rule, static_cast<int>(before.size()), &told);
  Finish(std::move(told), due, &firing);
  return firing;
}

void Engine::Look(const Entry& entry, Group* group, const GroupRule& rule) {
  if (!Started(*group->route, entry.at)) return;
  if (entry.stays) {
    if (group->due != absl::InfiniteFuture()) Schedule(entry, group, rule);
    return;
  }
  const Clue& clue = clues_[entry.clue_id];
  if (!group->begun || entry.at - group->to_last > rule.idle) {
    End(group, rule);
    SetUntold(group, absl::InfiniteFuture());
    // Whatever was there before belongs to what has ended, also what came after this clue.
    group->members.assign(1, {clue.at, entry.clue_id, clue.facts});
    group->begun = true;
    group->moved.clear();
    group->gone.clear();
    group->first = entry.clue_id;
    group->record.clear();
    group->version = 0;
    group->total = group->fresh = 0;
    group->common = Common();
    group->wait_from = entry.at;
  }
  const auto member = MemberOf(entry.clue_id, clue.at, group);
  if (member != group->members.end()) member->part = Member::Part::kNew;
  group->to_last = entry.at;
  ++group->total;
  ++group->fresh;
  if (replaying_ && entry.corrected) group->moved.insert(entry.clue_id);
  if (group->untold_since == absl::InfiniteFuture()) {
    // A clue that was corrected long after it came is no reason to keep all since then.
    SetUntold(group, std::max(std::min(clue.at, entry.at), entry.at - ReachOf(*group->route)));
  }
  group->common.Add(*clue.facts);
  Schedule(entry, group, rule);
}

// What waits for offices to open waits no longer once it is HIGH.
void Engine::Schedule(const Entry& entry, Group* group, const GroupRule& rule) {
  if (group->total < rule.at_least) return;
  const absl::Time due = group->version == 0 ? std::max(entry.at, group->wait_from + rule.wait)
                                             : std::max(entry.at, group->told_at + rule.interval);
  SetDue(group, std::min(group->due, Allowed(*group, due)));
}

// Another group begins: what the one before had yet to tell is kept, as after a time in which
// nobody told anything.
void Engine::End(Group* group, const GroupRule& rule) {
  if (replaying_) Adopt(group, rule);
  const absl::Time due = group->due;
  if (due == absl::InfiniteFuture()) return;
  std::optional<Firing> firing = TellGroup(group, rule, due, true);
  if (firing.has_value()) Keep(*std::move(firing));
}

void Engine::SetDue(Group* group, absl::Time due) {
  const absl::Time untold_since = group->untold_since;
  SetUntold(group, absl::InfiniteFuture());
  due_.erase({group->due, group->digest});
  group->due = due;
  if (due != absl::InfiniteFuture()) due_.emplace(due, group->digest);
  SetUntold(group, untold_since);
}

// Whether the next clue may belong to what the group has.
bool Engine::Open(const Group& group) const {
  return newest_ - group.to_last <= std::get<GroupRule>(group.route->rule).idle;
}

void Engine::SetUntold(Group* group, absl::Time since) {
  auto& groups = group->due == absl::InfiniteFuture() ? open_ : waiting_;
  groups.erase({group->untold_since, group->digest});
  group->untold_since = since;
  if (since != absl::InfiniteFuture()) groups.emplace(since, group->digest);
}

// After a replay: what an earlier owner told of the group that is under way, or has ended. Which it
// is, where the replay has none of the clues that were told, the time tells.
void Engine::Adopt(Group* group, const GroupRule& rule) {
  if (!group->begun) return;
  const Told* newest = nullptr;
  for (const Told& told : group->told) {
    const bool same = told.begun == group->wait_from ||
                      (told.to + rule.idle >= group->wait_from && told.from <= group->to_last);
    if (same &&
        (newest == nullptr || told.version > newest->version || told.record != newest->record)) {
      newest = &told;
    }
  }
  if (newest == nullptr) return;
  group->record = newest->record;
  group->version = newest->version;
  group->told_at = newest->at;
  group->fresh = 0;
  absl::Time since = absl::InfiniteFuture();
  for (Member& member : group->members) {
    if (member.part == Member::Part::kNone) continue;
    if (member.at <= newest->to && group->moved.count(member.clue_id) == 0) {
      member.part = Member::Part::kTold;
      continue;
    }
    ++group->fresh;
    since = std::min(since, std::max(member.at, newest->at - ReachOf(*group->route)));
  }
  const auto left = std::count_if(group->gone.begin(), group->gone.end(),
                                  [&](absl::Time at) { return at <= newest->to; });
  group->total = newest->total + group->fresh - left;
  SetDue(group, absl::InfiniteFuture());
  SetUntold(group, since);
  if (group->fresh == 0 || group->total < rule.at_least) return;
  SetDue(group, Allowed(*group, std::max(group->to_last, group->told_at + rule.interval)));
}

std::optional<Firing> Engine::TellGroup(Group* group, const GroupRule& rule, absl::Time now,
                                        bool ended) {
  const absl::Time due = group->due;
  SetDue(group, absl::InfiniteFuture());
  std::vector<Member> together;
  std::copy_if(group->members.begin(), group->members.end(), std::back_inserter(together),
               [](const Member& member) { return member.part != Member::Part::kNone; });
  // So many have left meanwhile that there is nothing to tell together, or nothing new.
  if (group->fresh == 0) SetUntold(group, absl::InfiniteFuture());
  if (together.empty() || group->fresh == 0 || group->total < rule.at_least) return std::nullopt;
  domain::AlertGroup told;
  Firing firing = About(*group->route, group->key, group->digest, domain::AlertKind::kGrouped,
                        together.begin(), together.end(), &told);
  const domain::Risk risk = firing.alert.facets.risk;
  // Without a HIGH that has left it waits as the others do.
  const absl::Time tell_at = Allowed(*group->route, risk, due);
  if (tell_at > due && !ended) {
    SetDue(group, tell_at);
    return std::nullopt;
  }
  // Who belonged to the group and has left it may not be given away either.
  firing.alert.facets = group->common.facets();
  firing.alert.facets.risk = risk;
  told.total = group->total;
  told.measured = static_cast<double>(group->total);
  told.limit = rule.at_least;
  told.ordinal = group->version + 1;
  Word(rule, &told, group->fresh);
  Finish(std::move(told), due, &firing);
  firing.trigger = group->first;
  firing.record = group->record;
  firing.version = ++group->version;
  firing.due = due;
  firing.tell_at = tell_at;
  firing.since = std::min(group->untold_since, due);
  SetUntold(group, absl::InfiniteFuture());
  for (Member& member : group->members) {
    if (member.part == Member::Part::kNew) member.part = Member::Part::kTold;
  }
  group->fresh = 0;
  group->told_at = now;
  return firing;
}

}  // namespace supervision::combining
