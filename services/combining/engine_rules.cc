// What each kind of route looks for when a clue has joined one of its groups.
#include <algorithm>
#include <set>

#include "services/combining/about.h"
#include "services/combining/engine.h"
#include "services/combining/wording.h"

namespace supervision::combining {
namespace {

// What tells one clue of a group from another when only different ones count; empty: nothing.
std::string CountedBy(GroupBy by, const Facts& facts, size_t region_digits) {
  const domain::Facets& facets = facts.facets;
  switch (by) {
    case GroupBy::kScenario:
      return std::string(domain::Code(facets.scenario));
    case GroupBy::kUnit:
      return UnitOf(facets);
    case GroupBy::kRegion:
      return facets.region_code.substr(0, region_digits);
    case GroupBy::kProblem:
      return facts.problems.empty() ? "" : facts.problems.front();
  }
  return "";
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
  if (entry.stays || entry.at < group->silent_until) {
    if (clues_[entry.clue_id].facts->facets.risk != domain::Risk::kHigh) return;
    const Held waiting = WaitingOf(*group, entry.at);
    if (waiting == held_.end()) return;
    std::optional<Firing> found = Find(*group, rule, waiting->second.due);
    if (found.has_value()) Hurry(entry, *group, waiting, *std::move(found));
    return;
  }
  if (!Started(*group->route, entry.at)) return;
  std::optional<Firing> found = Find(*group, rule, entry.at);
  if (!found.has_value()) return;
  group->silent_until = entry.at + rule.repeat;
  Hold(entry, *group, *std::move(found));
}

std::optional<Firing> Engine::Find(const Group& group, const ThresholdRule& rule,
                                   absl::Time due) const {
  const absl::Time from = group.members.back().at - rule.window;
  const auto first = std::find_if(group.members.begin(), group.members.end(),
                                  [&](const Member& member) { return member.at > from; });
  auto measured = static_cast<int64_t>(std::distance(first, group.members.end()));
  if (measured < rule.at_least) return std::nullopt;
  if (rule.distinct.has_value()) {
    std::set<std::string> different;
    for (auto member = first; member != group.members.end(); ++member) {
      std::string by = CountedBy(*rule.distinct, *member->facts, group.route->region_digits);
      if (!by.empty()) different.insert(std::move(by));
    }
    measured = static_cast<int64_t>(different.size());
    if (measured < rule.at_least) return std::nullopt;
  }
  domain::AlertGroup told;
  Firing firing = About(*group.route, group.key, group.digest, domain::AlertKind::kThresholdReached,
                        first, group.members.end(), &told);
  told.measured = static_cast<double>(measured);
  told.limit = rule.at_least;
  told.ordinal = 1;
  Word(rule, &told);
  Finish(std::move(told), due, &firing);
  return firing;
}

std::optional<Firing> Engine::Find(const Group& group, const SurgeRule& rule,
                                   absl::Time due) const {
  // A window of which nothing is known is none in which nothing came.
  const absl::Time newest = group.members.back().at;
  const bool full = group.members.size() >= kMostOfGroup;
  const absl::Time known = full ? group.members.front().at : known_since_;
  if (newest < SpeaksFrom(rule, known)) return std::nullopt;
  // Index of the first member behind each border, the newest window first.
  std::vector<size_t> borders = {group.members.size()};
  for (int k = 1; k <= rule.baseline + 1 && newest - k * rule.window >= known; ++k) {
    const absl::Time border = newest - k * rule.window;
    const auto behind =
        std::upper_bound(group.members.begin(), group.members.end(), border,
                         [](absl::Time time, const Member& member) { return time < member.at; });
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
  const auto first = group.members.begin() + static_cast<std::ptrdiff_t>(borders[1]);
  Firing firing = About(*group.route, group.key, group.digest, domain::AlertKind::kThresholdReached,
                        first, group.members.end(), &told);
  // The usual number tells of the clues before too: who sees it must be allowed to see them.
  Common all;
  for (const Member& member : group.members) all.Add(*member.facts);
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
  if (group->begun == absl::InfiniteFuture() || entry.at - group->to_last > rule.idle) {
    End(group, rule);
    SetUntold(group, absl::InfiniteFuture());
    group->begun = clues_[entry.clue_id].at;
    while (group->members.front().at < group->begun) group->members.pop_front();
    group->moved.clear();
    group->first = entry.clue_id;
    group->record.clear();
    group->version = 0;
    group->told_total = group->total = 0;
    group->common = Common();
    group->wait_from = entry.at;
  }
  group->to_last = entry.at;
  ++group->total;
  if (replaying_ && entry.corrected) group->moved.insert(entry.clue_id);
  if (group->untold_since == absl::InfiniteFuture()) {
    // A clue that was corrected long after it came is no reason to keep all since then.
    SetUntold(group, std::max(std::min(clues_[entry.clue_id].at, entry.at),
                              entry.at - ReachOf(*group->route)));
  }
  group->common.Add(*clues_[entry.clue_id].facts);
  Schedule(entry, group, rule);
}

// What waits for offices to open waits no longer once it is HIGH.
void Engine::Schedule(const Entry& entry, Group* group, const GroupRule& rule) {
  if (group->total < rule.at_least) return;
  const absl::Time due = group->version == 0 ? std::max(entry.at, group->wait_from + rule.wait)
                                             : std::max(entry.at, group->told_at + rule.interval);
  SetDue(group, std::min(group->due, Allowed(*group->route, group->common.facets().risk, due)));
}

// Another group begins: what the one before had yet to tell is kept, as after a time in which
// nobody told anything.
void Engine::End(Group* group, const GroupRule& rule) {
  const absl::Time due = group->due;
  if (due == absl::InfiniteFuture()) return;
  if (replaying_) Adopt(group, rule, true);
  if (group->due == absl::InfiniteFuture()) return;
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

// After a replay: what an earlier owner told of the group that is under way, or has ended.
void Engine::Adopt(Group* group, const GroupRule& rule, bool ended) {
  const Told* newest = nullptr;
  for (const Told& told : group->told) {
    const bool same = told.to + rule.idle >= group->begun && told.from <= group->to_last;
    if (same &&
        (newest == nullptr || told.version > newest->version || told.record != newest->record)) {
      newest = &told;
    }
  }
  if (newest == nullptr || group->begun == absl::InfiniteFuture()) return;
  group->record = newest->record;
  group->version = newest->version;
  group->told_at = newest->at;
  int64_t fresh = 0;
  absl::Time since = absl::InfiniteFuture();
  const auto last = EndOf(*group, ended);
  for (auto member = group->members.cbegin(); member != last; ++member) {
    if (member->at <= newest->to && group->moved.count(member->clue_id) == 0) continue;
    ++fresh;
    since = std::min(since, std::max(member->at, newest->at - ReachOf(*group->route)));
  }
  group->told_total = newest->total;
  group->total = newest->total + fresh;
  SetDue(group, absl::InfiniteFuture());
  SetUntold(group, since);
  if (fresh == 0) return;
  SetDue(group, Allowed(*group->route, group->common.facets().risk,
                        std::max(group->to_last, group->told_at + rule.interval)));
}

// Behind the last member; the clue that ended the group has joined already, and is the newest.
std::deque<Member>::const_iterator Engine::EndOf(const Group& group, bool ended) {
  return ended && !group.members.empty() ? std::prev(group.members.end()) : group.members.end();
}

std::optional<Firing> Engine::TellGroup(Group* group, const GroupRule& rule, absl::Time now,
                                        bool ended) {
  const absl::Time due = group->due;
  SetDue(group, absl::InfiniteFuture());
  const auto last = EndOf(*group, ended);
  const auto first = std::find_if(group->members.cbegin(), last,
                                  [&](const Member& member) { return member.at >= group->begun; });
  // So many have left meanwhile that there is nothing to tell together.
  if (first == last || (group->version == 0 && group->total < rule.at_least)) {
    return std::nullopt;
  }
  domain::AlertGroup told;
  Firing firing = About(*group->route, group->key, group->digest, domain::AlertKind::kGrouped,
                        first, last, &told);
  // Who belonged to the group and has left it may not be given away either.
  const domain::Risk risk = firing.alert.facets.risk;
  firing.alert.facets = group->common.facets();
  firing.alert.facets.risk = risk;
  told.total = group->total;
  told.measured = static_cast<double>(group->total);
  told.limit = rule.at_least;
  told.ordinal = group->version + 1;
  Word(rule, &told, group->total - group->told_total);
  Finish(std::move(told), due, &firing);
  firing.trigger = group->first;
  firing.record = group->record;
  firing.version = ++group->version;
  firing.due = firing.tell_at = due;
  firing.since = std::min(group->untold_since, due);
  SetUntold(group, absl::InfiniteFuture());
  group->told_total = group->total;
  group->told_at = now;
  return firing;
}

}  // namespace supervision::combining
