#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/config/server_settings.h"
#include "services/security/certificates.h"

namespace supervision::server {

// How long before its end a certificate is first warned of.
inline constexpr int kFirstWarningDays = 30;

// Reads and checks the files of TLS. INVALID_ARGUMENT with every mistake: setting, file, what is
// wrong and the remedy. Null without TLS.
absl::StatusOr<std::shared_ptr<const security::TlsMaterial>> LoadTls(
    const config::ServerSettings::Listen& listen, absl::Time now);

}  // namespace supervision::server
