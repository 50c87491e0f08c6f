#pragma once

#include "services/base/clock.h"
#include "services/config/server_settings.h"
#include "services/doctor/finding.h"

namespace supervision::doctor {

// The Redis of the service: whether it is there, can keep the promise of durability, holds a ledger
// that this version knows, has memory left, and agrees about the time. The embedded one is asked
// where its service runs; otherwise only its program is looked for.
void CheckRedis(const config::ServerSettings& settings, const base::Clock* clock,
                Findings* findings);

}  // namespace supervision::doctor
