#pragma once

#include <functional>

#include "services/base/clock.h"
#include "services/observability/log.h"
#include "services/rpc/gate.h"

namespace supervision::server {

// Logs who is turned away for who it is (call_refused) and whose calls the service fails at
// (call_failed): the principal, or the address of one who is nobody, and how many more there were
// since the line before. A line a minute for each of them, and of a thousand at most; for all
// others together there is one as well. Both outlive the result. Thread-safe.
std::function<void(const rpc::Gate::Trouble&)> LogTroubles(const base::Clock* clock,
                                                           observability::Logger* log);

}  // namespace supervision::server
