#pragma once

#include <functional>

#include "prometheus/registry.h"
#include "services/observability/log.h"
#include "services/security/quotas.h"

namespace supervision::server {

// Counts what quotas refuse, supervision_quota_refused_total{quota}, and logs each principal's
// first in a minute. Both outlive the result. Thread-safe.
std::function<void(const security::Quotas::Refusal&)> WatchRefusals(prometheus::Registry* metrics,
                                                                    observability::Logger* log);

}  // namespace supervision::server
