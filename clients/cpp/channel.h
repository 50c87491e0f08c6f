#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace supervision::client {

// How a connection to the service is kept.
struct ChannelOptions {
  // "host:port", "unix:/path", or another name that gRPC resolves.
  std::string address = "127.0.0.1:50051";
  // Ping a quiet connection this often while calls are open. The service closes connections that
  // ping more often than every 10 s, so that is the least.
  absl::Duration keepalive = absl::Seconds(20);
  // Without an answer to the ping for this long, the connection counts as broken.
  absl::Duration keepalive_timeout = absl::Seconds(10);
};

// The least time between pings that the service accepts.
inline constexpr absl::Duration kLeastKeepalive = absl::Seconds(10);

// A channel with a connection of its own: a long stream and the calls beside it do not wait for
// each other.
std::shared_ptr<grpc::Channel> MakeChannel(const ChannelOptions& options);

}  // namespace supervision::client
