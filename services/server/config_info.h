#pragma once

#include <string>

#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace supervision::server {

// Shows by its digest what this replica goes by, as supervision_config_info{what,digest} 1, so that
// replicas which differ are seen. One thread at a time.
class ConfigInfo {
 public:
  // `what`: "principals" (their tokens among them) or "routes" (with the calendar).
  ConfigInfo(prometheus::Registry* registry, std::string what, const std::string& digest);

  // Another digest is in force; the one before is shown no longer.
  void Tell(const std::string& digest);

 private:
  const std::string what_;
  prometheus::Family<prometheus::Gauge>* const family_;
  prometheus::Gauge* shown_ = nullptr;
};

}  // namespace supervision::server
