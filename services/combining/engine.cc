#include "services/combining/engine.h"

#include <algorithm>

#include "services/combining/wording.h"
#include "services/domain/civil_date.h"

namespace supervision::combining {
namespace {

using domain::AlertKind;

// What earlier owners told is remembered for a group during the replay, the newest.
constexpr size_t kMostTold = 64;

// Entries of different partitions that lie no further apart may have come to an earlier owner in
// another order: by the clocks of the replicas, and by how far each partition had been read.
constexpr absl::Duration kOrderMayDiffer = absl::Minutes(1);

// Whether the change is one of the clue, or the clue's first alert: steps of the alert's own life
// say nothing new of it.
bool ConcernsClue(AlertKind kind) {
  return kind < AlertKind::kAcknowledged || kind > AlertKind::kReopened;
}

}  // namespace

Engine::Engine(std::shared_ptr<const RouteSet> routes, std::map<std::string, absl::Time> starts)
    : routes_(std::move(routes)),
      starts_(std::move(starts)),
      counts_persons_(CountsPersons(*routes_)) {
  std::vector<const Route*> linking;
  for (const Route& route : routes_->routes) {
    if (route.enabled && std::holds_alternative<LinkRule>(route.rule)) linking.push_back(&route);
  }
  for (const Route* const route : linking) {
    const auto start = starts_.find(route->id);
    matters_.push_back(std::make_unique<Matters>(
        routes_, route, start == starts_.end() ? absl::InfinitePast() : start->second,
        kMostClues / linking.size()));
  }
  if (RecordOf(*routes_) > absl::ZeroDuration()) record_.emplace();
}

Engine::~Engine() = default;

void Engine::Recall(const domain::Alert& alert) {
  if (record_.has_value())
    record_->Take(alert, UnitRecord::Counts(alert) ? FactsOf(alert) : nullptr);
}

void Engine::Take(int partition, int64_t position, const domain::ChangeEvent& event) {
  const domain::Alert& alert = event.alert;
  if (alert.version == 0) return;
  if (alert.group == nullptr) Recall(alert);
  if (!ConcernsClue(alert.kind)) return;
  newest_ = std::max(newest_, alert.raised_at);
  if (alert.group != nullptr) return TakeTold(event);
  Entry entry{partition, position, alert.raised_at, alert.clue_id,
              alert.kind != AlertKind::kClueReceived || alert.received_at < alert.raised_at};

  FactsPtr facts = FactsOf(alert, counts_persons_);
  for (const auto& matters : matters_) matters->Take(alert, facts);
  std::vector<Joining> joins;
  if (alert.kind != AlertKind::kClueWithdrawn) joins = GroupsOf(*facts);

  // What it was before leaves; a clue that stays in a group counts with what it is now.
  std::vector<Former> before;
  const auto known = clues_.find(entry.clue_id);
  if (known != clues_.end()) {
    for (const std::string& digest : known->second.groups) {
      const auto found = groups_.find(digest);
      Group* const group = found == groups_.end() ? nullptr : found->second.get();
      Member was{known->second.at, entry.clue_id, nullptr};
      if (group != nullptr) was = Leave(entry.clue_id, known->second, group);
      before.push_back({digest, group, std::move(was)});
    }
    ages_.erase({known->second.at, entry.clue_id});
    clues_.erase(known);
  }
  if (joins.empty() && before.empty()) return;
  if (!joins.empty()) {
    Clue& clue = clues_[entry.clue_id];
    clue.facts = std::move(facts);
    clue.at = alert.received_at;
    ages_.emplace(clue.at, entry.clue_id);
  }
  for (Joining& joining : joins) {
    Clue& clue = clues_[entry.clue_id];
    Group* const group = GroupFor(*joining.route, std::move(joining.key));
    const auto was = std::find_if(before.begin(), before.end(),
                                  [&](const Former& one) { return one.digest == group->digest; });
    entry.stays = was != before.end();
    const auto part = entry.stays ? was->was.part : Member::Part::kNone;
    if (!Join(entry, part, &clue, group)) continue;
    if (replaying_) group->joined.push_back({partition, position, entry.at});
    if (entry.stays) was->stays = true;
    if (part != Member::Part::kNone) group->common.Add(*clue.facts);
    if (joining.counts_only) continue;
    std::visit([&](const auto& rule) { Look(entry, group, rule); }, group->route->rule);
  }
  for (const Former& one : before) Settle(entry, one);
  Forget();
}

void Engine::Settle(const Entry& entry, const Former& before) {
  Group* const group = before.group;
  if (group == nullptr) return;
  if (!before.stays && before.was.part != Member::Part::kNone) {
    --group->total;
    if (before.was.part == Member::Part::kNew) --group->fresh;
    if (replaying_ && group->moved.erase(entry.clue_id) == 0) {
      group->gone.push_back(before.was.at);
    }
  }
  if (const auto* const rule = std::get_if<GroupRule>(&group->route->rule);
      rule != nullptr && group->total < rule->at_least) {
    SetDue(group, absl::InfiniteFuture());
  }
  LookAgain(entry, *group);
  GiveUpIfEmpty(group);
}

std::vector<Engine::Joining> Engine::GroupsOf(const Facts& facts) const {
  std::vector<Joining> groups;
  for (const Route& route : routes_->routes) {
    if (std::holds_alternative<LinkRule>(route.rule) || !Concerns(route, facts.facets)) continue;
    // First what only counts: whoever is looked at finds it there.
    if (const auto* const rule = std::get_if<RaiseRule>(&route.rule)) {
      for (const RaiseAddend& addend : rule->addends) {
        if (addend.counts == Counts::kHandled || addend.by == route.by) continue;
        for (GroupKey& key : KeysOf(addend.by, route.region_digits, facts)) {
          groups.push_back({&route, std::move(key), true});
        }
      }
    }
    for (GroupKey& key : KeysOf(route.by, route.region_digits, facts)) {
      groups.push_back({&route, std::move(key)});
    }
  }
  return groups;
}

Engine::Group* Engine::GroupFor(const Route& route, GroupKey key) {
  std::string digest = DigestOf(route, key);
  std::unique_ptr<Group>& group = groups_[digest];
  if (group == nullptr) {
    group = std::make_unique<Group>();
    group->digest = std::move(digest);
  }
  // What an earlier owner told may have come first, without its route.
  group->route = &route;
  group->key = std::move(key);
  return group.get();
}

bool Engine::Join(const Entry& entry, Member::Part part, Clue* clue, Group* group) {
  if (std::find(clue->groups.begin(), clue->groups.end(), group->digest) != clue->groups.end()) {
    return false;  // a problem code that stands twice
  }
  clue->groups.push_back(group->digest);
  Member member{clue->at, entry.clue_id, clue->facts, part};
  const auto place =
      std::upper_bound(group->members.begin(), group->members.end(), member,
                       [](const Member& a, const Member& b) { return a.order() < b.order(); });
  group->members.insert(place, std::move(member));
  // The reach bounds what counts; the rest would only cost. What belongs together, or waits, is
  // kept until it has been told.
  const bool together = std::holds_alternative<GroupRule>(group->route->rule);
  const absl::Time oldest =
      together ? absl::InfinitePast()
               : std::min(group->members.back().at, untold_.since()) - ReachOf(*group->route);
  while (group->members.front().at < oldest || group->members.size() > kMostOfGroup) {
    group->raised.erase(group->members.front().clue_id);
    group->members.pop_front();
  }
  return true;
}

std::deque<Member>::iterator Engine::MemberOf(const std::string& clue_id, absl::Time at,
                                              Group* group) {
  const Member member{at, clue_id, nullptr};
  const auto found =
      std::lower_bound(group->members.begin(), group->members.end(), member,
                       [](const Member& a, const Member& b) { return a.order() < b.order(); });
  const bool there = found != group->members.end() && found->clue_id == clue_id;
  return there ? found : group->members.end();
}

Member Engine::Leave(const std::string& clue_id, const Clue& clue, Group* group) {
  const auto found = MemberOf(clue_id, clue.at, group);
  if (found == group->members.end()) return {clue.at, clue_id, nullptr};
  Member was = std::move(*found);
  group->members.erase(found);
  return was;
}

// Once nothing belongs to it: given up as soon as it is not silent, no clue would go on with what
// it has told, and none that it raised can come back.
void Engine::GiveUpIfEmpty(Group* group) {
  // In the replay what was told may be known before the clues.
  if (replaying_ || !group->members.empty() || group->due != absl::InfiniteFuture()) return;
  empty_.erase({group->kept_until, group->digest});  // it may have been empty before
  group->kept_until = group->silent_until;
  if (!group->raised.empty()) {
    group->kept_until = std::max(group->kept_until, newest_ + ReachOf(*routes_));
  }
  if (const auto* const rule = std::get_if<GroupRule>(&group->route->rule); group->begun) {
    group->kept_until = std::max(group->kept_until, group->to_last + rule->idle);
  }
  if (group->kept_until < newest_) return GiveUp(group);
  empty_.emplace(group->kept_until, group->digest);
}

void Engine::GiveUp(Group* group) {
  SetUntold(group, absl::InfiniteFuture());
  groups_.erase(groups_.find(group->digest));
}

// Clues behind the reach of every route, or too many of them, are forgotten, and groups that hang
// on nothing.
void Engine::Forget() {
  // During the replay what is to be told may lie further back, and so may what waits for its time.
  absl::Time oldest =
      replaying_ ? absl::InfinitePast() : std::min(newest_, untold_.since()) - ReachOf(*routes_);
  if (!waiting_.empty()) oldest = std::min(oldest, waiting_.begin()->first);
  while (!open_.empty()) {
    Group* const group = groups_.at(open_.begin()->second).get();
    if (Open(*group)) break;
    SetUntold(group, absl::InfiniteFuture());
  }
  while (!ages_.empty() && (ages_.begin()->first < oldest || ages_.size() > kMostClues)) {
    if (ages_.begin()->first >= oldest) {
      ++forgotten_;
      known_since_ = std::max(known_since_, ages_.begin()->first);
    }
    const auto clue = clues_.find(ages_.begin()->second);
    for (const std::string& digest : clue->second.groups) {
      const auto group = groups_.find(digest);
      if (group == groups_.end()) continue;
      Leave(clue->first, clue->second, group->second.get());
      group->second->raised.erase(clue->first);
      GiveUpIfEmpty(group->second.get());
    }
    clues_.erase(clue);
    ages_.erase(ages_.begin());
  }
  while (!empty_.empty() && empty_.begin()->first < newest_) {
    const auto group = groups_.find(empty_.begin()->second);
    empty_.erase(empty_.begin());
    // It may have had members since, or be silent again.
    if (group == groups_.end() || !group->second->members.empty()) continue;
    if (group->second->due == absl::InfiniteFuture() && group->second->kept_until < newest_) {
      GiveUp(group->second.get());
    }
  }
  if (record_.has_value() && !replaying_) record_->Forget(newest_ - RecordOf(*routes_));
}

void Engine::TakeTold(const domain::ChangeEvent& event) {
  const domain::Alert& alert = event.alert;
  const domain::AlertGroup& told = *alert.group;
  const auto route = std::find_if(routes_->routes.begin(), routes_->routes.end(),
                                  [&](const Route& one) { return one.id == told.route; });
  if (route == routes_->routes.end()) return;
  for (const auto& matters : matters_) {
    if (&matters->route() == &*route) return matters->TakeTold(alert);
  }
  if (alert.kind == AlertKind::kSameMatter) return;  // it linked when that was told
  std::unique_ptr<Group>& group = groups_[told.digest];
  if (group == nullptr) {
    group = std::make_unique<Group>();
    group->digest = told.digest;
  }
  group->route = &*route;
  if (RepeatOf(*route) > absl::ZeroDuration()) {
    group->silent_until = std::max(group->silent_until, told.due_at + RepeatOf(*route));
  } else if (std::holds_alternative<RaiseRule>(route->rule) && !told.members.empty()) {
    Raised& raised = group->raised[told.members.front()];
    raised.version = std::max(raised.version, static_cast<uint32_t>(told.ordinal));
    raised.risk = std::max(raised.risk, alert.facets.risk);
  }
  if (!replaying_) return GiveUpIfEmpty(group.get());
  const bool named = Names(told, group.get());
  if (named || told.to >= group->wait_from) {
    group->moved.clear();
    group->gone.clear();
  }
  group->told.push_back({alert.clue_id, told.members.empty() ? "" : told.members.front(),
                         static_cast<uint32_t>(told.ordinal), told.total, told.from, told.to,
                         told.due_at, alert.raised_at,
                         named ? group->wait_from : absl::InfinitePast()});
  if (group->told.size() > kMostTold) group->told.erase(group->told.begin());
}

// Whether it was told of the group that is under way: what it names belongs to that. One that has
// ended may be told later, and have lost a clue to it.
bool Engine::Names(const domain::AlertGroup& told, Group* group) {
  if (!group->begun || told.total != group->total) return false;
  return std::all_of(told.members.begin(), told.members.end(), [&](const std::string& clue_id) {
    const auto clue = clues_.find(clue_id);
    if (clue == clues_.end()) return false;
    const auto member = MemberOf(clue_id, clue->second.at, group);
    return member != group->members.end() && member->part != Member::Part::kNone;
  });
}

bool Engine::Started(const Route& route, absl::Time time) const {
  const auto start = starts_.find(route.id);
  return start == starts_.end() || time >= start->second;
}

// Keeps a finding until it may be told. Its due time is when it was found.
void Engine::Hold(const Entry& entry, const Group& group, Firing firing) {
  if (!Started(*group.route, entry.at)) return;
  firing.trigger = entry.clue_id;
  firing.partition = entry.partition;
  firing.position = entry.position;
  firing.due = entry.at;
  firing.tell_at = Allowed(*group.route, firing.alert.facets.risk, entry.at);
  // A clue that was corrected long after it came was counted among those of its own time.
  firing.since = std::min(entry.at, firing.alert.group->to);
  Keep(std::move(firing));
}

// What was found of the group, by `trigger` or else last, and waits for offices to open.
Engine::Held Engine::WaitingOf(const Group& group, absl::Time now, const std::string& trigger) {
  if (group.route->times == Times::kAlways) return held_.end();
  return std::find_if(held_.upper_bound(now), held_.end(), [&](const auto& held) {
    const Firing& firing = held.second;
    return firing.alert.group->digest == group.digest &&
           (trigger.empty() ? FoundLast(firing, group) : firing.trigger == trigger);
  });
}

// What waits is told earlier, if it may, and then with what was found of the group since. It stays
// the same finding: by its trigger and place whoever comes after knows it.
void Engine::Hurry(const Entry& entry, const Group& group, Held waiting, Firing found) {
  const absl::Time tell_at = Allowed(*group.route, found.alert.facets.risk, entry.at);
  if (tell_at >= waiting->first) return;
  Firing firing = std::move(waiting->second);
  held_.erase(waiting);
  firing.alert = std::move(found.alert);
  firing.tell_at = tell_at;
  held_.emplace(tell_at, std::move(firing));
}

void Engine::Keep(Firing firing) {
  untold_.Add(firing);
  held_.emplace(firing.tell_at, std::move(firing));
}

// What belongs together hangs on no single entry. A raise is about its trigger and nothing else; of
// other groups any clue of that moment that the earlier owner had yet to see to may be what made
// them due there; one that came long before or after is not.
bool Engine::SeenTo(const Firing& firing, const std::vector<int64_t>& settled) const {
  const auto is_settled = [&](int partition, int64_t position) {
    const auto p = static_cast<size_t>(partition);
    return p < settled.size() && position <= settled[p];
  };
  if (firing.position == 0 || !is_settled(firing.partition, firing.position)) return false;
  const auto group = groups_.find(firing.alert.group->digest);
  if (group == groups_.end() || std::holds_alternative<RaiseRule>(group->second->route->rule)) {
    return true;
  }
  const std::vector<Joined>& joined = group->second->joined;
  return std::none_of(joined.begin(), joined.end(), [&](const Joined& one) {
    return absl::AbsDuration(one.at - firing.due) <= kOrderMayDiffer &&
           !is_settled(one.partition, one.position);
  });
}

bool Engine::WasTold(const Firing& firing) const {
  const auto found = groups_.find(firing.alert.group->digest);
  if (found == groups_.end()) return false;
  const Group& group = *found->second;
  return std::any_of(group.told.begin(), group.told.end(), [&](const Told& told) {
    if (firing.alert.kind == domain::AlertKind::kGrouped) {
      const domain::AlertGroup& is = *firing.alert.group;
      return told.version >= firing.version && told.to == is.to && told.total >= is.total &&
             (firing.version > 1 || told.from == is.from);
    }
    if (std::holds_alternative<RaiseRule>(group.route->rule)) {
      return told.trigger == firing.trigger && told.version >= firing.version;
    }
    // One clue more or less may have been seen when it was told: within the silence it is the same.
    return told.due == firing.due ||
           absl::AbsDuration(told.due - firing.due) < RepeatOf(*group.route);
  });
}

void Engine::GoLive(const std::vector<int64_t>& settled) {
  replaying_ = false;
  for (auto held = held_.begin(); held != held_.end();) {
    const Firing& firing = held->second;
    if (!SeenTo(firing, settled) && !WasTold(firing)) {
      ++held;
      continue;
    }
    untold_.Remove(firing);
    held = held_.erase(held);
  }
  for (const auto& matters : matters_) matters->GoLive();
  std::vector<Group*> empty;
  for (auto& [digest, group] : groups_) {
    if (const auto* rule = std::get_if<GroupRule>(&group->route->rule)) Adopt(group.get(), *rule);
    group->told.clear();
    group->told.shrink_to_fit();
    group->moved.clear();
    group->gone.clear();
    group->joined.clear();
    group->joined.shrink_to_fit();
    if (group->members.empty()) empty.push_back(group.get());
  }
  for (Group* const group : empty) GiveUpIfEmpty(group);
}

std::optional<absl::Time> Engine::NextDue() const {
  std::optional<absl::Time> next;
  if (!held_.empty()) next = held_.begin()->first;
  if (!due_.empty()) next = std::min(next.value_or(absl::InfiniteFuture()), due_.begin()->first);
  for (const auto& matters : matters_) {
    const std::optional<absl::Time> due = matters->NextDue();
    if (due.has_value()) next = std::min(next.value_or(absl::InfiniteFuture()), *due);
  }
  return next;
}

std::vector<Hush> Engine::Hushes() {
  std::vector<Hush> hushes;
  for (const auto& matters : matters_) {
    for (Hush& hush : matters->Hushes()) hushes.push_back(std::move(hush));
  }
  return hushes;
}

size_t Engine::groups() const {
  size_t count = groups_.size();
  for (const auto& matters : matters_) count += matters->size();
  return count;
}

size_t Engine::clues() const {
  size_t count = clues_.size();
  for (const auto& matters : matters_) count += matters->clues();
  if (record_.has_value()) count += record_->size();
  return count;
}

int64_t Engine::forgotten() const {
  int64_t count = forgotten_;
  for (const auto& matters : matters_) count += matters->forgotten();
  if (record_.has_value()) count += record_->forgotten();
  return count;
}

absl::Time Engine::UntoldSince() const {
  absl::Time since = untold_.since();
  if (!waiting_.empty()) since = std::min(since, waiting_.begin()->first);
  // Of a group that may yet become due its first clue must be found, or else its last alert.
  for (const auto& [from, digest] : open_) {
    if (from >= since) break;
    const Group& group = *groups_.at(digest);
    if (!Open(group)) continue;
    since = std::min(since, group.version == 0 ? from + ReachOf(*group.route) : from);
  }
  for (const auto& matters : matters_) since = std::min(since, matters->UntoldSince());
  return since;
}

// Who is told must know that a holiday may have been taken for a working day.
void Engine::MarkProvisional(Firing* firing) const {
  const domain::Alert& alert = firing->alert;
  const auto route = std::find_if(routes_->routes.begin(), routes_->routes.end(),
                                  [&](const Route& one) { return one.id == alert.group->route; });
  if (!IsProvisional(*routes_, *route, alert.facets.risk, firing->tell_at)) return;
  auto group = std::make_shared<domain::AlertGroup>(*alert.group);
  WordProvisional(absl::ToCivilYear(firing->tell_at, domain::ChinaTime()).year(), group.get());
  firing->alert.group = std::move(group);
}

std::vector<Firing> Engine::Due(absl::Time now) {
  std::vector<Firing> due;
  if (replaying_) return due;
  while (!held_.empty() && held_.begin()->first <= now) {
    untold_.Remove(held_.begin()->second);
    due.push_back(std::move(held_.begin()->second));
    held_.erase(held_.begin());
  }
  while (!due_.empty() && due_.begin()->first <= now) {
    Group* const group = groups_[due_.begin()->second].get();
    std::optional<Firing> firing = TellGroup(group, std::get<GroupRule>(group->route->rule), now);
    if (firing.has_value()) due.push_back(*std::move(firing));
    GiveUpIfEmpty(group);
  }
  for (const auto& matters : matters_) {
    for (Firing& firing : matters->Due(now)) due.push_back(std::move(firing));
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const Firing& a, const Firing& b) { return a.due < b.due; });
  for (Firing& firing : due) MarkProvisional(&firing);
  return due;
}

}  // namespace supervision::combining
