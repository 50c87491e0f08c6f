#pragma once

#include <string>

#include "absl/status/status.h"
#include "clients/cpp/channel.h"

namespace supervision::client {

// Where the texts of a TlsOptions come from, for sentences.
struct TlsPaths {
  std::string ca;
  std::string certificate;
  std::string key;
};

// Whether a handshake can succeed with these texts, as far as this side can tell: certificates and
// key can be read, and belong together. gRPC itself would only say "connections failing", over and
// over. INVALID_ARGUMENT names the file, the problem and the remedy; it has nothing of the key.
absl::Status CheckTls(const TlsOptions& tls, const TlsPaths& paths);

}  // namespace supervision::client
