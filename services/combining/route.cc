#include "services/combining/route.h"

#include <algorithm>

namespace supervision::combining {
namespace {

absl::Duration Reach(const GroupRule& rule) { return rule.wait + rule.interval + rule.idle; }
absl::Duration Reach(const ThresholdRule& rule) { return std::max(rule.window, rule.repeat); }
absl::Duration Reach(const SurgeRule& rule) {
  return std::max(rule.window * (rule.baseline + 1), rule.repeat);
}
absl::Duration Reach(const RaiseRule& rule) { return rule.window; }
// Of a clue that was young when it changed within the window all is known: see Matters::Link.
absl::Duration Reach(const LinkRule& rule) { return 2 * rule.window + rule.interval; }

}  // namespace

bool Concerns(const Route& route, const domain::Facets& facets) {
  return route.enabled && facets.scenario != domain::Scenario::kUnspecified &&
         facets.scenario != domain::Scenario::kOutOfScope && route.filter.Holds(facets);
}

absl::Time AllowedAt(const RouteSet& routes, const Route& route, domain::Risk risk,
                     absl::Time time) {
  if (risk == domain::Risk::kHigh) return time;
  switch (route.times) {
    case Times::kAlways:
      return time;
    case Times::kWorkingDays:
      return routes.calendar.NextWorkingDay(time);
    case Times::kOfficeHours:
      return routes.calendar.NextOfficeHour(time);
  }
  return time;
}

absl::Duration ReachOf(const Route& route) {
  return std::visit([](const auto& rule) { return Reach(rule); }, route.rule);
}

absl::Duration ReachOf(const RouteSet& routes) {
  absl::Duration reach;
  for (const Route& route : routes.routes) {
    if (route.enabled) reach = std::max(reach, ReachOf(route));
  }
  return reach;
}

}  // namespace supervision::combining
