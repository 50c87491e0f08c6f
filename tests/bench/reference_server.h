#pragma once

#include <string>

namespace supervision::bench {

// What the service is measured against: the least a gRPC server can do with the same messages.
//
// kEchoMethod is the echo of any typed gRPC service: a SubmitClueRequest is parsed and serialised
// back. kRawEchoMethod hands the bytes back unseen, as no service with a message in its interface
// could. A call of kStreamMethod gets `count` messages of `size` bytes each, one write for each, or
// stays open and silent when count is 0 (the request's bytes are "<count> <size>").
inline constexpr char kEchoMethod[] = "/reference/Echo";
inline constexpr char kRawEchoMethod[] = "/reference/RawEcho";
inline constexpr char kStreamMethod[] = "/reference/Stream";

// Serves on a free port of loopback, writes it to `addresses_file` as the service does, and returns
// on SIGTERM.
int RunReferenceServer(const std::string& addresses_file);

}  // namespace supervision::bench
