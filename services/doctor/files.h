#pragma once

#include "absl/time/time.h"
#include "services/config/server_settings.h"
#include "services/doctor/finding.h"

namespace supervision::doctor {

// Catalogue, rules, model, regions, principals and tokens.
void CheckFiles(const config::ServerSettings& settings, absl::Time now, Findings* findings);

// Certificate, key and client authorities, and whether the service may listen where it is told to.
void CheckTls(const config::ServerSettings& settings, absl::Time now, Findings* findings);

}  // namespace supervision::doctor
