#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "prometheus/registry.h"
#include "services/base/clock.h"
#include "services/combining/route_slot.h"
#include "services/ledger/ledger.h"
#include "services/observability/log.h"
#include "services/redis/loop.h"

namespace supervision::combining {

// Follows the log of all partitions with the routes in force and tells what they find. Of several
// replicas the one that holds the lease does it. Who takes it over reads the log anew from as far
// back as the routes reach, then tells what the one before had not: what was told stands in the
// log, in the same step as the place. So each alert is told once, whenever an owner dies, and late
// ones are marked. While no route is on it reads nothing and holds nothing; that none is, it notes
// in the ledger, so that one that is on again begins anew.
//
// Thread-safe; its work is on the loop's thread, in short pieces.
class Follower {
 public:
  struct Options {
    std::string holder;  // unlike any other replica's; empty: a random one
    absl::Duration lease = absl::Seconds(10);
    absl::Duration poll = absl::Milliseconds(250);
    absl::Duration late = absl::Minutes(5);   // what is told so long after it was due is late
    absl::Duration keep = absl::Seconds(30);  // how often the place is moved when nothing is told
    int page = 200;                           // entries read at once
    absl::Duration timeout = absl::Seconds(2);
    // Ids of the principals that see such an alert: from whom a matter's LOWs are silenced. Called
    // on the loop's thread; null: from nobody.
    std::function<std::vector<std::string>(const domain::Facets&)> watchers_of;
    // For tests: called before each alert is told; false: the follower does nothing more, as if its
    // process had died there.
    std::function<bool()> before_telling;
  };

  // All pointers outlive the follower.
  Follower(ledger::Ledger* ledger, redis::Loop* loop, const RouteSlot* routes,
           const base::Clock* clock, observability::Logger* log, prometheus::Registry* metrics,
           Options options);
  ~Follower();  // stops

  void Start();
  void Stop();  // safe to call twice

 private:
  class Core;
  const std::shared_ptr<Core> core_;
};

}  // namespace supervision::combining
