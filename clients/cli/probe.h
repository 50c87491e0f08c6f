#pragma once

#include <string>
#include <vector>

#include "clients/cli/language.h"

namespace supervision::cli {

// One thing that was looked at from the client's side.
struct Finding {
  bool good = false;
  Text what;           // "TLS", "TLS"
  Text said;           // what was found and, where it is not good, what to do
  std::string detail;  // a name, an address, a time
};

// How the client would connect.
struct ProbeOptions {
  std::string address;  // "host:port", "[v6]:port" or "unix:/path"
  bool tls = false;
  // Files; each may be empty.
  std::string ca;
  std::string certificate;
  std::string key;
  std::string server_name;  // expected instead of the host
  int timeout_ms = 5000;    // of each step
};

// Connects by hand, step by step (name, connection, TLS, certificates, HTTP/2), to tell why gRPC
// only says UNAVAILABLE. The last finding is the first that is not good, if there is one. Sends no
// token.
std::vector<Finding> Probe(const ProbeOptions& options);

}  // namespace supervision::cli
