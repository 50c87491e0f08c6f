#pragma once

#include <array>
#include <map>
#include <string>

#include "services/base/mutex.h"
#include "tests/faults/delivery_client.h"

namespace supervision::faults {

// What happened to which kind of stream how often, over all schedules. Thread-safe.
class FaultCounts {
 public:
  void Add(const std::string& fault, DeliveryClient::Kind kind, int times = 1);
  int Of(const std::string& fault, DeliveryClient::Kind kind) const;
  std::string Table() const;

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, std::array<int, DeliveryClient::kKinds.size()>> counts_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::faults
