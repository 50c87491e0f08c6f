#include "services/combining/route.h"

#include <algorithm>

#include "services/domain/civil_date.h"
#include "services/domain/implied.h"

namespace supervision::combining {
namespace {

absl::Duration Reach(const GroupRule& rule) { return rule.wait + rule.interval + rule.idle; }
absl::Duration Reach(const ThresholdRule& rule) { return std::max(rule.window, rule.repeat); }
absl::Duration Reach(const SurgeRule& rule) {
  return std::max(rule.window * (rule.baseline + 1), rule.repeat);
}
// What is known against an organ does not come from the log; but what was told of a clue is there.
absl::Duration Reach(const RaiseRule& rule) {
  absl::Duration reach = absl::Hours(1);
  for (const RaiseAddend& addend : rule.addends) {
    if (addend.counts != Counts::kHandled) reach = std::max(reach, addend.window);
  }
  return reach;
}
// Of a clue that was young when it changed within the window all is known: see Matters::Link.
absl::Duration Reach(const LinkRule& rule) { return 2 * rule.window + rule.interval; }

}  // namespace

bool Concerns(const Route& route, const domain::Facets& facets) {
  return route.enabled && facets.scenario != domain::Scenario::kUnspecified &&
         facets.scenario != domain::Scenario::kOutOfScope && route.filter.Holds(facets);
}

bool MayConcern(const Route& route, const domain::Scope& scope) {
  domain::Filter filter;
  filter.expression = route.filter;
  const domain::Implied implied = domain::ImpliedBy(filter);
  if (scope.scenarios.any() && implied.scenarios.any() &&
      (scope.scenarios & implied.scenarios).none()) {
    return false;
  }
  // Of a region and a part of it one begins with the other.
  const std::string& asked = implied.region_prefix;
  return scope.regions.empty() ||
         std::any_of(scope.regions.begin(), scope.regions.end(), [&](const std::string& region) {
           return asked.compare(0, region.size(), region, 0, asked.size()) == 0;
         });
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

bool IsProvisional(const RouteSet& routes, const Route& route, domain::Risk risk, absl::Time time) {
  const bool waits = route.times != Times::kAlways && risk != domain::Risk::kHigh;
  return waits && !routes.calendar.Knows(absl::ToCivilDay(time, domain::ChinaTime()));
}

absl::Time CalendarEnds(const RouteSet& routes, absl::Time now) {
  const bool asked = std::any_of(routes.routes.begin(), routes.routes.end(), [](const Route& one) {
    return one.enabled && one.times != Times::kAlways;
  });
  if (!asked) return absl::InfiniteFuture();
  absl::CivilYear year = absl::ToCivilYear(now, domain::ChinaTime());
  while (routes.calendar.Knows(absl::CivilDay(year))) ++year;
  return absl::FromCivil(year, domain::ChinaTime());
}

absl::Duration RepeatOf(const Route& route) {
  if (const auto* const rule = std::get_if<ThresholdRule>(&route.rule)) return rule->repeat;
  if (const auto* const rule = std::get_if<SurgeRule>(&route.rule)) return rule->repeat;
  return absl::ZeroDuration();
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

absl::Time SpeaksFrom(const SurgeRule& rule, absl::Time known_since) {
  const int half = (rule.baseline + 1) / 2;
  return known_since + (half + 1) * rule.window;
}

bool CountsPersons(const RouteSet& routes) {
  return std::any_of(routes.routes.begin(), routes.routes.end(), [](const Route& route) {
    const auto* const rule = std::get_if<RaiseRule>(&route.rule);
    return route.enabled && rule != nullptr &&
           std::any_of(rule->addends.begin(), rule->addends.end(),
                       [](const RaiseAddend& addend) { return addend.counts == Counts::kPersons; });
  });
}

absl::Duration RecordOf(const RouteSet& routes) {
  absl::Duration reach;
  for (const Route& route : routes.routes) {
    const auto* const rule = std::get_if<RaiseRule>(&route.rule);
    if (!route.enabled || rule == nullptr) continue;
    for (const RaiseAddend& addend : rule->addends) {
      if (addend.counts == Counts::kHandled) reach = std::max(reach, addend.window);
    }
  }
  return reach;
}

}  // namespace supervision::combining
