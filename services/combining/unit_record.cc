#include "services/combining/unit_record.h"

#include "services/combining/group_key.h"

namespace supervision::combining {

bool UnitRecord::Counts(const domain::Alert& alert) {
  return alert.facets.state == domain::AlertState::kResolved && alert.handling.has_value() &&
         alert.handling->outcome == domain::AlertOutcome::kHandled && alert.group == nullptr &&
         !UnitOf(alert.facets).empty();
}

void UnitRecord::Take(const domain::Alert& alert, FactsPtr facts) {
  Remove(alert.clue_id);
  if (!Counts(alert)) return;
  Case known;
  known.at = alert.received_at;
  known.clue_id = alert.clue_id;
  known.facts = std::move(facts);
  known.handled_at = alert.handling->changed_at;
  std::set<Order>& unit = units_[UnitOf(alert.facets)];
  unit.emplace(known.at, known.clue_id);
  ages_.emplace(known.at, known.clue_id);
  cases_.emplace(known.clue_id, std::move(known));
  if (unit.size() > kMostOfUnit) Remove(std::string(unit.begin()->second));
  if (cases_.size() > kMostClues) {
    Remove(std::string(ages_.begin()->second));
    ++forgotten_;
  }
}

void UnitRecord::Remove(const std::string& clue_id) {
  const auto known = cases_.find(clue_id);
  if (known == cases_.end()) return;
  const Order order{known->second.at, clue_id};
  ages_.erase(order);
  const auto unit = units_.find(UnitOf(known->second.facts->facets));
  unit->second.erase(order);
  if (unit->second.empty()) units_.erase(unit);
  cases_.erase(known);
}

void UnitRecord::Forget(absl::Time oldest) {
  while (!ages_.empty() && ages_.begin()->first < oldest) {
    Remove(std::string(ages_.begin()->second));
  }
}

std::vector<const Member*> UnitRecord::Of(const std::string& unit, absl::Time from,
                                          absl::Time now) const {
  std::vector<const Member*> cases;
  const auto found = units_.find(unit);
  if (found == units_.end()) return cases;
  for (auto order = found->second.lower_bound({from + absl::Nanoseconds(1), ""});
       order != found->second.end(); ++order) {
    const Case& known = cases_.at(order->second);
    if (known.handled_at <= now) cases.push_back(&known);
  }
  return cases;
}

}  // namespace supervision::combining
