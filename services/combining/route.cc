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

}  // namespace

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
