#pragma once

#include <string>

#include "absl/status/status.h"

namespace supervision::server {

// Writes {"grpc": "…", "metrics": "…"} to `path`, whole or not at all, for whoever started the
// service on port 0. An empty path writes nothing.
absl::Status WriteAddressesFile(const std::string& path, const std::string& grpc,
                                const std::string& metrics);

}  // namespace supervision::server
