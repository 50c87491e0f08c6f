#pragma once

#include <string>
#include <string_view>

namespace supervision::rpc {

// The address of a call's peer as people write it, "192.0.2.1:4711" or "[2001:db8::1]:4711", from
// gRPC's "ipv4:192.0.2.1:4711" or "ipv6:%5B2001:db8::1%5D:4711". "unix" of a Unix socket, whose
// clients have no address; anything else as it is, without what is not printable ASCII.
std::string PeerAddress(std::string_view peer);

}  // namespace supervision::rpc
