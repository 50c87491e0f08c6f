// What is told of matters, and what earlier owners told of them.
#include <algorithm>

#include "services/combining/matters.h"
#include "services/combining/wording.h"

namespace supervision::combining {
namespace {

constexpr int64_t kFewest = 2;  // clues make a matter

// An alert begins open, whatever became of its members'.
domain::Facets Unhandled(domain::Facets facets) {
  facets.state = domain::AlertState::kOpen;
  facets.owner.clear();
  facets.silences.clear();
  return facets;
}

}  // namespace

domain::Facets Matters::FacetsOf(const Matter& matter) const {
  domain::Facets facets = Unhandled(matter.common.facets());
  if (route_->risk.has_value()) {
    facets.risk = *route_->risk;
    return facets;
  }
  // The gravest of its members now; of those that are only counted all that is known is what was
  // told.
  facets.risk = domain::Risk::kLow;
  bool known = matter.total == static_cast<int64_t>(matter.members.size());
  for (const Member& member : matter.members) {
    if (member.facts == nullptr) {
      known = false;
    } else {
      facets.risk = std::max(facets.risk, member.facts->facets.risk);
    }
  }
  if (!known && matter.version > 0) facets.risk = std::max(facets.risk, matter.told_facets.risk);
  return facets;
}

bool Matters::NeedsTelling(const Matter& matter) const {
  if (matter.version == 0) {
    std::set<std::string> partners;
    for (const Member& member : matter.members) partners.insert(member.link.partner);
    return matter.total >= kFewest && static_cast<int>(partners.size()) >= rule_.partners;
  }
  if (matter.total != matter.told_total || FacetsOf(matter) != matter.told_facets) return true;
  const size_t named = std::min(matter.members.size(), domain::kMostMembers);
  return std::any_of(matter.members.end() - static_cast<std::ptrdiff_t>(named),
                     matter.members.end(),
                     [&](const Member& member) { return matter.told.count(member.clue_id) == 0; });
}

void Matters::Changed(Matter* matter, absl::Time at) {
  matter->changed_at = std::max(matter->changed_at, at);
  matter->untold_since = std::min(matter->untold_since, at);
  Touch(matter, at);
  if (!replaying_) Schedule(matter, at);
}

void Matters::Schedule(Matter* matter, absl::Time at) {
  if (at < start_) return;
  if (!NeedsTelling(*matter)) return SetDue(matter, absl::InfiniteFuture());
  const domain::Risk risk = FacetsOf(*matter).risk;
  const bool graver = matter->version == 0 || risk > matter->told_facets.risk;
  const absl::Time due = graver ? at : std::max(at, matter->told_at + rule_.interval);
  SetDue(matter, std::min(matter->due, AllowedAt(*routes_, *route_, risk, due)));
}

void Matters::SetDue(Matter* matter, absl::Time due) {
  due_.erase({matter->due, matter->digest});
  matter->due = due;
  if (due == absl::InfiniteFuture()) {
    matter->untold_since = absl::InfiniteFuture();
    return;
  }
  due_.emplace(due, matter->digest);
  // What was told before it changed may say something else than what is known now.
  if (matter->untold_since == absl::InfiniteFuture()) {
    matter->untold_since = std::max(matter->changed_at, matter->told_at);
  }
}

absl::Time Matters::UntoldSince() const {
  absl::Time since = absl::InfiniteFuture();
  for (const auto& [due, digest] : due_) {
    since = std::min(since, matters_.at(digest)->untold_since);
  }
  return since;
}

std::optional<absl::Time> Matters::NextDue() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

std::vector<Firing> Matters::Due(absl::Time now) {
  std::vector<Firing> firings;
  while (!replaying_ && !due_.empty() && due_.begin()->first <= now) {
    Matter* const matter = matters_.at(due_.begin()->second).get();
    if (std::optional<Firing> firing = Tell(matter, now)) firings.push_back(*std::move(firing));
  }
  return firings;
}

std::optional<Firing> Matters::Tell(Matter* matter, absl::Time now) {
  const absl::Time due = matter->due;
  const absl::Time since = std::min(matter->untold_since, due);
  SetDue(matter, absl::InfiniteFuture());
  if (!NeedsTelling(*matter)) return std::nullopt;
  Firing firing;
  firing.trigger = matter->first;
  firing.record = matter->record;
  firing.version = matter->version + 1;
  firing.due = firing.tell_at = due;
  firing.since = since;

  domain::AlertGroup group;
  group.route = route_->id;
  group.title_zh = route_->title_zh;
  group.title_en = route_->title_en;
  group.digest = matter->digest;
  group.ordinal = firing.version;
  group.total = matter->total;
  group.from = matter->from;
  group.to = matter->to;
  group.due_at = due;
  std::set<std::string> named;
  std::set<std::string> partners;
  int64_t known_before = 0;
  for (auto member = matter->members.rbegin(); member != matter->members.rend(); ++member) {
    partners.insert(member->link.partner);
    if (group.members.size() == domain::kMostMembers) continue;
    known_before += static_cast<int64_t>(matter->told.count(member->clue_id));
    named.insert(member->clue_id);
    group.members.push_back(member->clue_id);
    group.links.push_back(member->link);
  }
  group.measured = static_cast<double>(matter->total);
  group.limit = kFewest;
  domain::Alert& alert = firing.alert;
  alert.kind = domain::AlertKind::kSameMatter;
  alert.facets = FacetsOf(*matter);
  alert.problem_codes = matter->common.problems();
  alert.confidence = 1;
  alert.received_at = group.from;
  if (!alert.facets.unit.name.empty()) group.key = {{"unit", alert.facets.unit.name}};
  const int64_t gone = static_cast<int64_t>(matter->told.size()) - known_before;
  Word(rule_, &group, static_cast<int64_t>(partners.size()),
       matter->total <= static_cast<int64_t>(domain::kMostMembers) ? gone : 0);
  alert.title = TitleOf(group);

  matter->version = firing.version;
  matter->told = std::move(named);
  matter->told_total = matter->total;
  matter->told_facets = alert.facets;
  matter->told_problems = alert.problem_codes;
  matter->told_at = now;
  Touch(matter, now);
  alert.group = std::make_shared<const domain::AlertGroup>(std::move(group));
  return firing;
}

// ---- After another owner

void Matters::TakeTold(const domain::Alert& alert) {
  const domain::AlertGroup& told = *alert.group;
  if (alert.kind != domain::AlertKind::kSameMatter || told.links.size() != told.members.size()) {
    return;
  }
  if (!replaying_) {
    // What this owner told is in the log now, under this name.
    const auto known = matters_.find(told.digest);
    if (known == matters_.end()) return;
    known->second->record = alert.clue_id;
    return HushLow(known->second.get());
  }
  Matter* const matter = MatterNamed(told.digest, "");
  if (told.ordinal <= matter->version) return;
  if (alert.facets.risk == domain::Risk::kHigh) {
    matter->silent.insert(told.members.begin(), told.members.end());
  }
  matter->record = alert.clue_id;
  matter->version = static_cast<uint32_t>(told.ordinal);
  matter->told = {told.members.begin(), told.members.end()};
  matter->told_total = told.total;
  matter->told_facets = Unhandled(alert.facets);
  matter->told_problems = alert.problem_codes;
  matter->told_at = alert.raised_at;
  // Those behind the beginning of the replay are older than all others; they are named the newest
  // first.
  absl::Time before = told.from;
  for (size_t i = told.members.size(); i-- > 0;) {
    const std::string& id = told.members[i];
    const domain::AlertGroup::Link& link = told.links[i];
    const auto clue = clues_.find(id);
    if (clue != clues_.end() && clue->second.matter == matter) {
      for (Member& member : matter->members) {
        if (member.clue_id == id) member.link = link;
      }
      continue;
    }
    if (left_.count(id) > 0) continue;
    if (clue != clues_.end()) {
      Move(&clue->second, matter, link);
      continue;
    }
    if (absent_.emplace(id, matter).second) Insert({before, id, nullptr, link, ""}, matter);
    before += absl::Nanoseconds(1);
  }
  Recount(matter);
  matter->from = std::min(matter->from, told.from);
  matter->to = std::max(matter->to, told.to);
  // What is named and has left is gone; what is known and was not told has come since.
  const bool all_named = told.total <= static_cast<int64_t>(told.members.size());
  int64_t named = 0;
  int64_t fresh = 0;
  for (const Member& member : matter->members) {
    const bool is_named = matter->told.count(member.clue_id) > 0;
    named += static_cast<int64_t>(is_named);
    fresh += static_cast<int64_t>(!is_named && (all_named || member.at > told.to));
  }
  const int64_t gone = static_cast<int64_t>(matter->told.size()) - named;
  matter->total = told.total + fresh - gone;
  if (!NeedsTelling(*matter)) matter->untold_since = absl::InfiniteFuture();
  Touch(matter, alert.raised_at);
}

// What all have in common that belonged to the matter, as far as anybody was told of it, and those
// that belong to it now.
void Matters::Recount(Matter* matter) {
  matter->common = Common();
  if (matter->version > 0) matter->common.Add({matter->told_facets, matter->told_problems, 0});
  for (const Member& member : matter->members) {
    if (member.facts != nullptr) matter->common.Add(*member.facts);
  }
}

void Matters::Move(Clue* clue, Matter* matter, domain::AlertGroup::Link link) {
  Matter* const from = clue->matter;
  if (from != nullptr) Leave(clue);
  Join(clue, matter, std::move(link), "");
  if (from == nullptr) return;
  std::vector<std::pair<Clue*, domain::AlertGroup::Link>> followers;
  for (const Member& member : from->members) {
    const auto other = clues_.find(member.clue_id);
    if (member.via == clue->clue_id && other != clues_.end() &&
        from->told.count(member.clue_id) == 0) {
      followers.emplace_back(&other->second, member.link);
    }
  }
  for (auto& [follower, its_link] : followers) {
    if (follower->matter == from) Move(follower, matter, std::move(its_link));
  }
  Recount(from);
}

void Matters::GoLive() {
  replaying_ = false;
  left_.clear();
  for (auto& [digest, matter] : matters_) {
    Schedule(matter.get(), matter->changed_at);
    // The owner before may have died in between; what it has silenced is silenced once.
    if (matter->version > 0) HushLow(matter.get());
  }
}

void Matters::HushLow(Matter* matter) {
  if (!rule_.silence_low) return;
  EndHushes(matter);
  if (matter->told_facets.risk != domain::Risk::kHigh) return;
  for (Member& member : matter->members) {
    if (member.hushed || member.facts == nullptr || matter->told.count(member.clue_id) == 0 ||
        member.facts->facets.risk != domain::Risk::kLow) {
      continue;
    }
    member.hushed = true;
    matter->silent.insert(member.clue_id);
    hushes_.push_back({member.clue_id, matter->record, matter->told_facets, rule_.window, route_});
  }
}

void Matters::EndHushes(Matter* matter) {
  const bool high = matter->told_facets.risk == domain::Risk::kHigh;
  std::erase_if(matter->silent, [&](const std::string& clue_id) {
    if (high && Find(clue_id, matter) != matter->members.end()) return false;
    hushes_.push_back({clue_id, matter->record, matter->told_facets, {}, route_, true});
    return true;
  });
}

}  // namespace supervision::combining
