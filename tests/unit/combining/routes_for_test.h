#pragma once

#include <memory>
#include <string>

#include "services/combining/engine.h"

namespace supervision::combining {

inline const absl::Time kBegin = absl::FromUnixSeconds(1'790'000'000);

inline Route UnitThreshold(int at_least, absl::Duration window) {
  Route route;
  route.id = "unit";
  route.enabled = true;
  route.title_zh = "同一单位多条线索";
  route.title_en = "several clues about one unit";
  route.by = {GroupBy::kUnit};
  route.rule = ThresholdRule{at_least, window, std::nullopt, window};
  return route;
}

inline Route UnitGroup(absl::Duration wait, absl::Duration interval, absl::Duration idle) {
  Route route = UnitThreshold(2, idle);
  route.id = "together";
  route.rule = GroupRule{wait, interval, idle, 2};
  return route;
}

inline Route UnitSurge(absl::Duration window, int baseline) {
  Route route = UnitThreshold(2, window);
  route.id = "surge";
  route.rule = SurgeRule{3, window, baseline, 3, window};
  return route;
}

inline Route SameMatter(absl::Duration window = absl::Hours(24), int partners = 2) {
  Route route = UnitThreshold(2, window);
  route.id = "matter";
  route.by.clear();
  route.rule = LinkRule{window, domain::kMostShapeDistance, partners, absl::Minutes(10)};
  return route;
}

inline std::shared_ptr<const RouteSet> Only(Route route) {
  auto routes = std::make_shared<RouteSet>();
  routes->routes.push_back(std::move(route));
  return routes;
}

inline domain::ChangeEvent ClueEvent(const std::string& id, absl::Duration at,
                                     const std::string& unit = "甲局") {
  domain::ChangeEvent event;
  domain::Alert& alert = event.alert;
  alert.version = 1;
  alert.kind = domain::AlertKind::kClueReceived;
  alert.clue_id = id;
  alert.facets.scenario = domain::Scenario::kJudicial;
  alert.facets.risk = domain::Risk::kLow;
  alert.facets.unit.name = unit;
  alert.facets.region_code = "330401";
  alert.received_at = alert.raised_at = kBegin + at;
  return event;
}

// The same of a partner, with the numbers of documents and the shape of its text.
inline domain::ChangeEvent MatterEvent(const std::string& id, absl::Duration at,
                                       const std::string& partner, std::vector<uint64_t> numbers,
                                       uint64_t shape = 0) {
  domain::ChangeEvent event = ClueEvent(id, at);
  event.alert.facets.partner = partner;
  auto keys = std::make_shared<domain::MatterKeys>();
  keys->numbers = std::move(numbers);
  keys->shape = shape;
  event.alert.matter = std::move(keys);
  return event;
}

// A later version of the clue of `event`, which came in `after`.
inline domain::ChangeEvent Later(domain::ChangeEvent event, domain::AlertKind kind,
                                 absl::Duration after) {
  ++event.alert.version;
  event.alert.kind = kind;
  event.alert.raised_at += after;
  return event;
}

// What the log says once `firing` was told.
inline domain::ChangeEvent ToldEvent(const Firing& firing, absl::Time at) {
  domain::ChangeEvent event;
  event.alert = firing.alert;
  event.alert.version = firing.version;
  event.alert.clue_id = firing.record.empty() ? "record-" + firing.trigger : firing.record;
  event.alert.raised_at = at;
  return event;
}

}  // namespace supervision::combining
