#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace supervision::security {

// Whether only programs on this machine can reach a server that listens on `address`:
// "unix:/path", or a loopback host with a port ("127.0.0.1:50051", "[::1]:0", "localhost:50051").
bool IsLocalAddress(std::string_view address);

// The shipped principals have tokens that everyone knows, so with them a service listens on this
// machine only. FAILED_PRECONDITION, with what to do, for any other `address`.
absl::Status CheckExampleMayListen(std::string_view address);

}  // namespace supervision::security
