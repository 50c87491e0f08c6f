#pragma once

#include <memory>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/combining/route_slot.h"
#include "services/config/routes_config.h"
#include "services/observability/log.h"
#include "services/rpc/route_view.h"
#include "services/security/principal.h"
#include "services/server/config_info.h"
#include "services/server/rereading.h"

namespace supervision::server {

// Keeps the routes in force up to date: looks at their files and takes what has changed and rested,
// once it is right and its tests hold; else what was before stays, the log and a metric say so, and
// it is tried again each minute.
class RouteKeeper {
 public:
  struct Options {
    std::string routes;  // the files; they may be missing
    std::string calendar;
    const base::Clock* clock = base::Clock::System();
    observability::Logger* log = nullptr;
    prometheus::Registry* metrics = nullptr;
  };

  // What was read and tried before the start, and how the files lay before that.
  RouteKeeper(Options options, config::LoadedRoutes first, FileTimes files);

  // Called once a second, always on the same thread.
  void Look();
  // Says of each route that is on and tells nobody who may call that it does so: once, until it
  // tells somebody again. On the same thread; cheap while nothing has changed.
  void TellOfNobody(std::shared_ptr<const security::PrincipalDirectory> principals);

  // Thread-safe.
  const combining::RouteSlot* routes() const { return &slot_; }
  rpc::RouteNow Now(const std::string& route) const;

 private:
  const Options options_;
  combining::RouteSlot slot_;
  ConfigInfo info_;
  Rereading files_;
  config::LoadedRoutes loaded_;  // without its trials
  // What was looked at last for routes to nobody, and what was said of it.
  std::shared_ptr<const security::PrincipalDirectory> seen_principals_;
  std::shared_ptr<const combining::RouteSet> seen_routes_;
  std::set<std::string> to_nobody_;
  prometheus::Family<prometheus::Counter>* reloads_;
  prometheus::Gauge* rejected_;
};

}  // namespace supervision::server
