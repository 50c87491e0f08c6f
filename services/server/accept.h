#pragma once

#include <cstdint>

namespace supervision::server {

// From now on no connection takes one of the last of this process' `descriptors`: the service keeps
// some for its own files. One that would is closed as soon as it was accepted, and counted; its
// client tries again.
//
// gRPC 1.51 has no limit on connections, and listens no more once accept4() has failed: a service
// that was full for a moment would be deaf from then on, and call itself healthy (ADR 33). So this
// process has an accept4() of its own, in accept.cc. Thread-safe.
void LimitConnections(int64_t descriptors);

// How many were closed so.
int64_t ConnectionsRefused();

}  // namespace supervision::server
