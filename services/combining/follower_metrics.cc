#include "services/combining/follower_metrics.h"

#include "services/observability/unlabelled.h"

namespace supervision::combining {

using observability::AddCounter;
using observability::AddGauge;

FollowerMetrics::FollowerMetrics(prometheus::Registry* registry)
    : holding(AddGauge(registry, "supervision_routes_holding",
                       "1 on the replica that follows the routes, while any is on.")),
      groups(AddGauge(registry, "supervision_route_groups",
                      "Groups of clues that routes have open, on the replica that follows them.")),
      clues(AddGauge(registry, "supervision_route_clues",
                     "Clues that bear on open groups, on the replica that follows the routes.")),
      waiting(AddGauge(registry, "supervision_route_alerts_waiting",
                       "Alerts of routes that are due and have yet to be written.")),
      calendar_ends(AddGauge(registry, "supervision_route_calendar_ends_seconds",
                             "Unix time from which on calendar.yaml knows no working days; 0 while "
                             "no route that is on goes by it.")),
      told(prometheus::BuildCounter()
               .Name("supervision_route_alerts_total")
               .Help("Alerts that routes have told, versions included, by route.")
               .Register(*registry)),
      late(AddCounter(registry, "supervision_route_alerts_late_total",
                      "Alerts of routes that were told long after they were due.")),
      replays(AddCounter(registry, "supervision_route_replays_total",
                         "How often a replica read the log anew to follow the routes.")),
      forgotten(AddCounter(registry, "supervision_route_clues_forgotten_total",
                           "Clues that were given up before their time, as there were too many.")),
      silences(prometheus::BuildCounter()
                   .Name("supervision_route_silences_total")
                   .Help("LOW alerts that a HIGH of their matter silenced, by result: refused "
                         "where there were too many silences or nobody to be silent to.")
                   .Register(*registry)) {
  for (const char* const result : {"made", "refused"}) silences.Add({{"result", result}});
}

}  // namespace supervision::combining
