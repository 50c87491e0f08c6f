#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "prometheus/metric_family.h"
#include "services/alerting/consumers.h"
#include "supervision/v1/figures.pb.h"

namespace supervision::rpc {

// The figures of GetStatus from what the page of metrics shows, so that both say the same; a metric
// that is not there counts as zero. `owners`: who is connected to this replica.
v1::Figures FiguresOf(const std::vector<prometheus::MetricFamily>& metrics,
                      const std::map<std::string, alerting::OwnerConnections>& owners,
                      absl::Time now);

}  // namespace supervision::rpc
