#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/faults/delivery_calls.h"
#include "tests/faults/delivery_client.h"
#include "tests/faults/delivery_cluster.h"
#include "tests/faults/delivery_oracle.h"
#include "tests/faults/fault_counts.h"

namespace supervision::faults {

// Schedules that run one behind the other, with clues of their own regions and a monitor of its
// own. Several lanes share a cluster; what one does to a replica happens to all of them.
class DeliveryLane {
 public:
  DeliveryLane(DeliveryCluster* cluster, FaultCounts* counts, int lane);

  // Three monitors, one of each kind, under what the seed draws; then everything heals, and they
  // are told the rest. The evidence, and what went wrong beside it.
  struct Outcome {
    DeliveryEvidence evidence;
    std::vector<std::string> problems;
  };
  Outcome Run(uint32_t seed);

  static std::vector<std::string> WideScope(int lane);

 private:
  // What a schedule does beside the faults that every one has.
  enum class Theme { kNone, kReplicaDies, kRedisDies, kTrim, kPause, kScope };

  class Schedule;

  const int lane_;
  DeliveryCluster* const cluster_;
  FaultCounts* const counts_;
  DeliveryCalls calls_;
  std::vector<std::string> scope_;
};

}  // namespace supervision::faults
