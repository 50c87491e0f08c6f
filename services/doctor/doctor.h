#pragma once

#include <string>
#include <vector>

#include "services/base/clock.h"
#include "services/config/server_settings.h"
#include "services/doctor/finding.h"

namespace supervision::doctor {

// Looks at everything on the machine of a service that could keep it from serving: files,
// certificates, Redis, clock, data directory and disk, file descriptors, ports. Uses the checks of
// the service itself. Changes nothing; the service may run meanwhile. Blocks for a few seconds at
// most.
//
// What only the service's own user may do is tried as the user who asks, so ask as that user, or as
// root while a ServiceUser lives.
std::vector<Finding> Examine(const config::ServerSettings& settings, const base::Clock* clock);

}  // namespace supervision::doctor
