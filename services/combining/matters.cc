#include "services/combining/matters.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"

namespace supervision::combining {
namespace {

using domain::LinkBy;

constexpr size_t kDigestBytes = 16;

std::string DigestOf(const Route& route, const Comparable& first, const Comparable& second) {
  // Ids of routes and clues have no '/'.
  const std::string text =
      absl::StrCat("matter-1/", route.id, "/", first.clue_id, "/", second.clue_id);
  return base::Prefix(base::Sha256(text), kDigestBytes);
}

}  // namespace

Matters::Matters(std::shared_ptr<const RouteSet> routes, const Route* route, absl::Time start,
                 size_t most_clues)
    : routes_(std::move(routes)),
      route_(route),
      rule_(std::get<LinkRule>(route->rule)),
      start_(start),
      most_clues_(most_clues),
      index_(rule_) {}

// ---- Clues

void Matters::Take(const domain::Alert& alert, const FactsPtr& facts) {
  begun_ = std::min(begun_, alert.raised_at);
  newest_ = std::max(newest_, alert.raised_at);
  const auto known = clues_.find(alert.clue_id);
  if (alert.kind == domain::AlertKind::kClueWithdrawn || alert.matter == nullptr ||
      !alert.matter->comparable() || !Concerns(*route_, alert.facets)) {
    if (replaying_ && alert.version > 1) left_.insert(alert.clue_id);
    if (known != clues_.end()) {
      Remove(alert.clue_id, alert.raised_at);
    } else {
      RemoveAbsent(alert.clue_id, alert.raised_at);
    }
  } else if (known != clues_.end()) {
    Change(&known->second, alert, facts);
  } else {
    Clue& clue = clues_[alert.clue_id];
    clue.clue_id = alert.clue_id;
    clue.at = alert.received_at;
    clue.keys = alert.matter;
    clue.organs = OrgansOf(alert.facets);
    clue.facts = facts;
    ages_.emplace(clue.at, clue.clue_id);
    if (absent_.count(clue.clue_id) > 0) {
      Return(&clue, alert.raised_at);
    } else {
      Link(&clue, alert.raised_at);
    }
    index_.Add(&clue);
  }
  Forget();
}

void Matters::Change(Clue* clue, const domain::Alert& alert, const FactsPtr& facts) {
  clue->facts = facts;
  const std::array<uint64_t, 2> organs = OrgansOf(alert.facets);
  const absl::Time since = alert.raised_at - rule_.window;
  Matter* const matter = clue->matter;
  // One that belongs to nothing looks again: the next owner might have met it only now.
  const bool compared_anew =
      clue->at >= since && (matter == nullptr || clue->keys->numbers != alert.matter->numbers ||
                            clue->keys->shape != alert.matter->shape || clue->organs != organs);
  if (compared_anew) {
    index_.Remove(clue);
    clue->keys = alert.matter;
    clue->organs = organs;
  }
  if (matter != nullptr) {
    if (!compared_anew || Belongs(*clue, since)) {
      for (Member& member : matter->members) {
        if (member.clue_id == clue->clue_id) member.facts = facts;
      }
      matter->common.Add(*facts);
    } else {
      Leave(clue);
      if (replaying_) left_.insert(clue->clue_id);
    }
    Changed(matter, alert.raised_at);
  }
  if (!compared_anew) return;
  if (clue->matter == nullptr) Link(clue, alert.raised_at);
  index_.Add(clue);
}

void Matters::Remove(const std::string& clue_id, absl::Time at) {
  Clue& clue = clues_.at(clue_id);
  if (Matter* const matter = clue.matter; matter != nullptr) {
    Leave(&clue);
    Changed(matter, at);
  }
  index_.Remove(&clue);
  ages_.erase({clue.at, clue_id});
  clues_.erase(clue_id);
}

void Matters::RemoveAbsent(const std::string& clue_id, absl::Time at) {
  const auto absent = absent_.find(clue_id);
  if (absent == absent_.end()) return;
  Matter* const matter = absent->second;
  absent_.erase(absent);
  if (!Erase(clue_id, matter)) return;
  --matter->total;
  Changed(matter, at);
}

// An absent member that has changed. What it was like when it joined is not known any more: it
// stays.
void Matters::Return(Clue* clue, absl::Time at) {
  const auto absent = absent_.find(clue->clue_id);
  Matter* const matter = absent->second;
  absent_.erase(absent);
  clue->matter = matter;
  ++matter->held;
  matter->common.Add(*clue->facts);
  for (Member& member : matter->members) {
    if (member.clue_id == clue->clue_id) member.facts = clue->facts;
  }
  Changed(matter, at);
}

// Of a clue that is in no matter and not in the index.
void Matters::Link(Clue* clue, absl::Time at) {
  const absl::Time since = at - rule_.window;
  // A clue that came before the replay began may have been told already, and if so the log says it
  // no more: whoever reads it from twice the window back has seen all of those that are young now.
  if (clue->at < since || (replaying_ && clue->at < begun_)) return;
  const std::optional<MatterIndex::Match> match = index_.Find(*clue, since);
  if (!match.has_value()) return;
  Clue& other = clues_.at(match->clue->clue_id);
  Matter* const matter = MatterOf(clue, &other);
  const domain::AlertGroup::Link link = {match->likeness.by, match->likeness.distance, ""};
  if (other.matter != nullptr) {
    Join(clue, matter, link, other.clue_id);
    return Changed(matter, at);
  }
  // The older of the first two is the first, the other is like it.
  Clue* const first = clue->order() < other.order() ? clue : &other;
  Clue* const second = first == clue ? &other : clue;
  Join(first, matter, {LinkBy::kFirst, 0, ""}, "");
  Join(second, matter, link, first->clue_id);
  Changed(matter, at);
}

bool Matters::Belongs(const Clue& clue, absl::Time since) const {
  return std::any_of(clue.matter->members.begin(), clue.matter->members.end(),
                     [&](const Member& member) {
                       if (member.clue_id == clue.clue_id) return false;
                       const auto other = clues_.find(member.clue_id);
                       return other != clues_.end() && other->second.at >= since &&
                              LikenessOf(rule_, clue, other->second).has_value();
                     });
}

// ---- Matters and their members

// The matter of `other`, or a new one of both.
Matters::Matter* Matters::MatterOf(Clue* one, Clue* other) {
  if (other->matter != nullptr) return other->matter;
  const bool first = one->order() < other->order();
  const Clue& older = first ? *one : *other;
  // They may have been together before: that goes on.
  return MatterNamed(DigestOf(*route_, older, first ? *other : *one), older.clue_id);
}

Matters::Matter* Matters::MatterNamed(std::string digest, const std::string& first) {
  std::unique_ptr<Matter>& matter = matters_[digest];
  if (matter == nullptr) {
    matter = std::make_unique<Matter>();
    matter->digest = std::move(digest);
    matter->first = first;
  }
  return matter.get();
}

void Matters::Join(Clue* clue, Matter* matter, domain::AlertGroup::Link link, std::string via) {
  link.partner = clue->facts->facets.partner;
  clue->matter = matter;
  ++matter->held;
  ++matter->total;
  matter->common.Add(*clue->facts);
  Insert({clue->at, clue->clue_id, clue->facts, std::move(link), std::move(via)}, matter);
}

void Matters::Insert(Member member, Matter* matter) {
  matter->from = std::min(matter->from, member.at);
  matter->to = std::max(matter->to, member.at);
  const auto place =
      std::upper_bound(matter->members.begin(), matter->members.end(), member,
                       [](const Member& a, const Member& b) { return a.order() < b.order(); });
  matter->members.insert(place, std::move(member));
  if (matter->members.size() <= kMostOfMatter) return;
  absent_.erase(matter->members.front().clue_id);
  matter->members.pop_front();
}

void Matters::Leave(Clue* clue) {
  Matter* const matter = std::exchange(clue->matter, nullptr);
  --matter->held;
  --matter->total;
  Erase(clue->clue_id, matter);
}

std::deque<Matters::Member>::iterator Matters::Find(const std::string& clue_id, Matter* matter) {
  return std::find_if(matter->members.begin(), matter->members.end(),
                      [&](const Member& member) { return member.clue_id == clue_id; });
}

// Whether it was known.
bool Matters::Erase(const std::string& clue_id, Matter* matter) {
  const auto found = Find(clue_id, matter);
  if (found == matter->members.end()) return false;
  matter->members.erase(found);
  return true;
}

// Clues that nothing new can be like any more, and matters without any that have been told.
void Matters::Forget() {
  const absl::Time oldest = newest_ - rule_.window;
  while (!ages_.empty() && (ages_.begin()->first < oldest || ages_.size() > most_clues_)) {
    if (ages_.begin()->first >= oldest) ++forgotten_;
    const auto clue = clues_.find(ages_.begin()->second);
    index_.Remove(&clue->second);
    // What was told, or will be, stays a member as what it was. Of the rest the next owner would
    // not know.
    if (Matter* const matter = clue->second.matter; matter != nullptr) {
      if (matter->version == 0 && !NeedsTelling(*matter)) {
        Leave(&clue->second);
      } else {
        --matter->held;
        // Where it is only counted nobody would take it out again when the matter is forgotten.
        if (Find(clue->first, matter) != matter->members.end()) absent_[clue->first] = matter;
      }
    }
    clues_.erase(clue);
    ages_.erase(ages_.begin());
  }
  while (!touched_.empty() && touched_.begin()->first < oldest) {
    Matter* const matter = matters_.at(touched_.begin()->second).get();
    if (matter->held > 0 || matter->due != absl::InfiniteFuture() ||
        (replaying_ && NeedsTelling(*matter))) {
      Touch(matter, newest_);
    } else {
      touched_.erase(touched_.begin());
      for (const Member& member : matter->members) absent_.erase(member.clue_id);
      matters_.erase(matter->digest);
    }
  }
}

void Matters::Touch(Matter* matter, absl::Time at) {
  if (at <= matter->touched) return;
  touched_.erase({matter->touched, matter->digest});
  matter->touched = at;
  touched_.emplace(at, matter->digest);
}

}  // namespace supervision::combining
