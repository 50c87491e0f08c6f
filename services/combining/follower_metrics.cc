#include "services/combining/follower_metrics.h"

namespace supervision::combining {
namespace {

prometheus::Gauge& Gauge(prometheus::Registry* registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add({});
}
prometheus::Counter& Counter(prometheus::Registry* registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(*registry).Add({});
}

}  // namespace

FollowerMetrics::FollowerMetrics(prometheus::Registry* registry)
    : holding(Gauge(registry, "supervision_routes_holding",
                    "1 on the replica that follows the routes, while any is on.")),
      groups(Gauge(registry, "supervision_route_groups",
                   "Groups of clues that routes have open, on the replica that follows them.")),
      clues(Gauge(registry, "supervision_route_clues",
                  "Clues that bear on open groups, on the replica that follows the routes.")),
      waiting(Gauge(registry, "supervision_route_alerts_waiting",
                    "Alerts of routes that are due and have yet to be written.")),
      told(prometheus::BuildCounter()
               .Name("supervision_route_alerts_total")
               .Help("Alerts that routes have told, versions included, by route.")
               .Register(*registry)),
      late(Counter(registry, "supervision_route_alerts_late_total",
                   "Alerts of routes that were told long after they were due.")),
      replays(Counter(registry, "supervision_route_replays_total",
                      "How often a replica read the log anew to follow the routes.")),
      forgotten(Counter(registry, "supervision_route_clues_forgotten_total",
                        "Clues that were given up before their time, as there were too many.")),
      silences(prometheus::BuildCounter()
                   .Name("supervision_route_silences_total")
                   .Help("LOW alerts that a HIGH of their matter silenced, by result: refused "
                         "where there were too many silences or nobody to be silent to.")
                   .Register(*registry)) {
  for (const char* const result : {"made", "refused"}) silences.Add({{"result", result}});
}

}  // namespace supervision::combining
