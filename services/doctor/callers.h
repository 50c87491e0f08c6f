#pragma once

#include "absl/time/time.h"
#include "services/config/principals.h"
#include "services/config/server_settings.h"
#include "services/doctor/finding.h"

namespace supervision::doctor {

// Whether each principal has a way to show who it is, and for how long: a token that holds, or a
// certificate's name where the service asks for certificates. Warns of who is shut out or will be.
void CheckCallers(const config::LoadedPrincipals& principals,
                  const config::ServerSettings& settings, absl::Time now, Findings* findings);

}  // namespace supervision::doctor
