#include "services/ledger/filter_codec.h"

#include <utility>

#include "services/domain/stored_expression.h"
#include "supervision/storage/v1/subscription.pb.h"

namespace supervision::ledger {

using storage::v1::StoredFilter;

StoredFilter StoredFilterOf(const domain::Filter& filter) {
  StoredFilter stored;
  stored.set_scenarios(static_cast<uint32_t>(filter.scenarios.to_ulong()));
  stored.set_min_risk(static_cast<int32_t>(filter.min_risk));
  stored.set_region_prefix(filter.region_prefix);
  stored.set_unit(filter.unit);
  stored.set_expression(filter.expression.text());
  stored.set_states(static_cast<uint32_t>(filter.states.to_ulong()));
  stored.set_owner(filter.owner);
  return stored;
}

std::optional<domain::Filter> FilterOf(const StoredFilter& stored) {
  domain::Filter filter;
  filter.scenarios = domain::ScenarioSet(stored.scenarios());
  filter.min_risk = static_cast<domain::Risk>(stored.min_risk());
  filter.region_prefix = stored.region_prefix();
  filter.unit = stored.unit();
  filter.states = domain::AlertStateSet(stored.states());
  filter.owner = stored.owner();
  std::optional<domain::Expression> expression = domain::ReadStoredExpression(stored.expression());
  if (!expression.has_value()) return std::nullopt;
  filter.expression = *std::move(expression);
  return filter;
}

}  // namespace supervision::ledger
