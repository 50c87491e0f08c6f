// What a route that raises looks for when a clue has joined one of its groups: what lifts the risk
// of the clue beside its text.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/combining/about.h"
#include "services/combining/engine.h"
#include "services/combining/persons.h"

namespace supervision::combining {
namespace {

constexpr int kMediumFrom = 40;
constexpr int kHighFrom = 70;
constexpr size_t kMostLooked = 1000;

domain::Risk RiskOf(int points) {
  if (points >= kHighFrom) return domain::Risk::kHigh;
  return points >= kMediumFrom ? domain::Risk::kMedium : domain::Risk::kLow;
}

// What an addend counts.
struct Counted {
  std::vector<const Member*> others;
  int64_t number = 0;
  bool at_least = false;  // there may be more
  int points = 0;
};

// A risk may stand above its points, where a signal lifted it.
int PointsOf(const Facts& facts) {
  switch (facts.facets.risk) {
    case domain::Risk::kHigh:
      return std::max(facts.points, kHighFrom);
    case domain::Risk::kMedium:
      return std::max(facts.points, kMediumFrom);
    default:
      return facts.points;
  }
}

// Of what different ones are counted; nothing: each clue counts.
std::optional<std::string> DistinctOf(Counts counts, const Facts& facts, size_t region_digits,
                                      const Organs& organs) {
  switch (counts) {
    case Counts::kPartners:
      return facts.facets.partner;
    case Counts::kRegions:
      return facts.facets.region_code.substr(0, region_digits);
    case Counts::kUnits:
      return organs.Of(facts.facets);
    case Counts::kScenarios:
      return std::string(domain::Code(facts.facets.scenario));
    case Counts::kClues:
    case Counts::kHandled:
    case Counts::kPersons:
      break;
  }
  return std::nullopt;
}

// From so many on there are no more points.
int64_t EnoughFor(const RaiseAddend& addend) {
  return addend.free + (addend.points_most + addend.points_each - 1) / addend.points_each;
}

int PointsFor(const RaiseAddend& addend, int64_t number) {
  const int64_t counted = std::clamp<int64_t>(number - addend.free, 0, addend.points_most);
  return static_cast<int>(std::min<int64_t>(addend.points_each * counted, addend.points_most));
}

// Keeps of each different one that is not what `clue` has itself the newest, and no more of them
// than add points: who sees the alert must be allowed to see those. Of very many the newest are
// looked at.
void KeepDifferent(const RaiseAddend& addend, const Member& clue, size_t region_digits,
                   Counted* counted) {
  Organs organs;
  if (addend.counts == Counts::kUnits) {
    organs.Add(clue.facts->facets);
    for (const Member* const other : counted->others) organs.Add(other->facts->facets);
  }
  const auto own = DistinctOf(addend.counts, *clue.facts, region_digits, organs);
  if (!own.has_value()) return;
  const auto enough = static_cast<size_t>(EnoughFor(addend));
  std::set<std::string> known = {"", *own};
  std::vector<const Member*> different;
  size_t looked = 0;
  for (auto other = counted->others.rbegin(); other != counted->others.rend(); ++other) {
    if (different.size() == enough || ++looked > kMostLooked) {
      counted->at_least = true;
      break;
    }
    auto one = DistinctOf(addend.counts, *(*other)->facts, region_digits, organs);
    if (known.insert(*std::move(one)).second) different.push_back(*other);
  }
  counted->others = std::move(different);
}

// Keeps those that make the persons of `clue` more, the newest first, until they are enough. What
// its own are worth is in its own points: see spread in the rules of risk.
void KeepPersons(const RaiseAddend& addend, const Member& clue, Counted* counted) {
  Persons persons(*clue.facts);
  const int own = PointsFor(addend, persons.total());
  std::vector<const Member*> more;
  size_t looked = 0;
  for (auto other = counted->others.rbegin(); other != counted->others.rend(); ++other) {
    if (persons.total() >= EnoughFor(addend) || ++looked > kMostLooked) {
      counted->at_least = true;
      break;
    }
    if (persons.Add(*(*other)->facts)) more.push_back(*other);
  }
  counted->others = std::move(more);
  counted->number = persons.total();
  counted->points = PointsFor(addend, counted->number) - own;
}

bool Before(const Member& a, const Member& b) { return a.order() < b.order(); }

}  // namespace

std::vector<const Member*> Engine::OthersOf(const RaiseAddend& addend, absl::Time now,
                                            const Group& group, const Member& clue) const {
  const Route& route = *group.route;
  const GroupKey key = PartsOf(group.key, addend.by);
  const absl::Time from = clue.at - addend.window;
  std::vector<const Member*> others;
  if (addend.counts == Counts::kHandled) {
    others = record_->Of(UnitOf(clue.facts->facets), from, now);
    std::erase_if(others, [&](const Member* other) {
      if (!Before(*other, clue) || !Concerns(route, other->facts->facets)) return true;
      if (addend.by.size() == 1) return false;
      const std::vector<GroupKey> keys = KeysOf(addend.by, route.region_digits, *other->facts);
      return std::find(keys.begin(), keys.end(), key) == keys.end();
    });
    return others;
  }
  const Group* counted = &group;
  if (addend.by != route.by) {
    const auto found = groups_.find(DigestOf(route, key));
    if (found == groups_.end()) return others;
    counted = found->second.get();
  }
  const auto first =
      std::upper_bound(counted->members.begin(), counted->members.end(), from,
                       [](absl::Time time, const Member& member) { return time < member.at; });
  const auto last = std::lower_bound(first, counted->members.end(), clue, Before);
  // One more than is looked at tells that there are more.
  const auto most =
      static_cast<std::ptrdiff_t>(addend.counts == Counts::kClues ? kMostOfGroup : kMostLooked + 1);
  for (auto other = last - std::min(last - first, most); other != last; ++other) {
    others.push_back(&*other);
  }
  return others;
}

// Only the clue that has come, or changed, is raised: the others have been told with what was known
// when they came.
void Engine::Look(const Entry& entry, Group* group, const RaiseRule& rule) {
  if (!Started(*group->route, entry.at)) return;
  const auto known = group->raised.find(entry.clue_id);
  const Raised was = known == group->raised.end() ? Raised() : known->second;
  const Held waiting = was.version == 0 ? held_.end() : WaitingOf(*group, entry.at, entry.clue_id);
  const uint32_t version = was.version + (waiting == held_.end() ? 1 : 0);
  std::optional<Firing> found = Find(*group, rule, entry.clue_id, entry.at, version);
  if (!found.has_value() || found->alert.facets.risk <= was.risk) return;  // it was told so
  group->raised[entry.clue_id] = {version, found->alert.facets.risk};
  if (waiting != held_.end()) return Hurry(entry, *group, waiting, *std::move(found));
  Hold(entry, *group, *std::move(found));
}

std::optional<Firing> Engine::FindAgain(const Firing& waiting, const Group& group,
                                        const RaiseRule& rule) const {
  return Find(group, rule, waiting.trigger, waiting.due, waiting.version);
}

std::optional<Firing> Engine::Find(const Group& group, const RaiseRule& rule,
                                   const std::string& clue_id, absl::Time due,
                                   uint32_t version) const {
  const Route& route = *group.route;
  const auto known = clues_.find(clue_id);
  if (known == clues_.end()) return std::nullopt;
  const auto found = std::lower_bound(group.members.begin(), group.members.end(),
                                      Member{known->second.at, clue_id, nullptr}, Before);
  if (found == group.members.end() || found->clue_id != clue_id) return std::nullopt;
  const Member& clue = *found;
  const int own = PointsOf(*clue.facts);
  int sum = own;
  std::vector<const Member*> others;
  std::vector<domain::RiskReason> reasons = {
      {"OWN", own, "本条线索自身得分", "the clue's own points"}};
  for (const RaiseAddend& addend : rule.addends) {
    Counted counted;
    counted.others = OthersOf(addend, due, group, clue);
    if (addend.counts == Counts::kPersons) {
      KeepPersons(addend, clue, &counted);
    } else {
      KeepDifferent(addend, clue, route.region_digits, &counted);
      counted.number = static_cast<int64_t>(counted.others.size());
      counted.points = PointsFor(addend, counted.number);
    }
    // What adds nothing is not told of, so that who sees the alert need not see it.
    if (counted.points == 0) continue;
    sum += counted.points;
    reasons.push_back(ReasonOf(route, addend, counted.number, counted.at_least, counted.points));
    others.insert(others.end(), counted.others.begin(), counted.others.end());
  }
  const domain::Risk risk = RiskOf(sum);
  if (reasons.size() == 1 || risk <= clue.facts->facets.risk) return std::nullopt;
  std::vector<Member> clues = {clue};
  for (const Member* const other : others) clues.push_back(*other);
  std::sort(clues.begin(), clues.end(), Before);
  clues.erase(std::unique(clues.begin(), clues.end(),
                          [](const Member& a, const Member& b) { return a.clue_id == b.clue_id; }),
              clues.end());
  domain::AlertGroup told;
  Firing firing = About(route, group.key, group.digest, domain::AlertKind::kRiskRaised,
                        clues.begin(), clues.end(), &told);
  firing.alert.facets.risk = risk;
  firing.alert.problem_codes = clue.facts->problems;
  told.measured = sum;
  told.limit = risk == domain::Risk::kHigh ? kHighFrom : kMediumFrom;
  told.ordinal = version;
  Word(reasons, &told);
  firing.alert.risk_reasons = std::move(reasons);
  firing.version = version;
  Finish(std::move(told), due, &firing);
  return firing;
}

}  // namespace supervision::combining
