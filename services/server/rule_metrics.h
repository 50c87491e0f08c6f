#pragma once

#include <string>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/classification/set_state.h"

namespace supervision::server {

// What a RuleKeeper tells Prometheus. One thread at a time.
class RuleMetrics {
 public:
  // `set`: "live" or "candidate". A null registry: nothing is told.
  RuleMetrics(prometheus::Registry* registry, const std::string& set);

  void Tell(const classification::SetState& state);

 private:
  const std::string set_;
  prometheus::Counter* loaded_ = nullptr;
  prometheus::Counter* unchanged_ = nullptr;
  prometheus::Counter* rejected_ = nullptr;
  prometheus::Gauge* loaded_at_ = nullptr;
  prometheus::Gauge* mistakes_ = nullptr;
  prometheus::Gauge* lapsed_ = nullptr;
  prometheus::Gauge* seconds_ = nullptr;
  prometheus::Family<prometheus::Gauge>* versions_ = nullptr;
  prometheus::Gauge* version_ = nullptr;  // of the set in force, the only one in its family
};

}  // namespace supervision::server
