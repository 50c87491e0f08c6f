#pragma once

#include <memory>
#include <string>

#include "prometheus/counter.h"
#include "prometheus/registry.h"
#include "services/combining/route_slot.h"
#include "services/config/routes_config.h"
#include "services/observability/log.h"
#include "services/rpc/route_view.h"
#include "services/server/file_times.h"

namespace supervision::server {

// Keeps the routes in force up to date: looks at their files and takes what has changed and rested,
// once it is right and its tests hold; else what was before stays, and the log and a metric say so.
class RouteKeeper {
 public:
  struct Options {
    std::string routes;  // the files; they may be missing
    std::string calendar;
    observability::Logger* log = nullptr;
    prometheus::Registry* metrics = nullptr;
  };

  // What was read and tried before the start, and how the files lay before that.
  RouteKeeper(Options options, config::LoadedRoutes first, FileTimes files);

  // Called once a second, always on the same thread.
  void Look();

  // Thread-safe.
  const combining::RouteSlot* routes() const { return &slot_; }
  rpc::RouteNow Now(const std::string& route) const;

 private:
  const Options options_;
  combining::RouteSlot slot_;
  FileTimes files_;
  prometheus::Family<prometheus::Counter>* reloads_;
};

}  // namespace supervision::server
