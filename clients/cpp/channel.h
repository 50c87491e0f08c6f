#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace supervision::client {

// What TLS needs on the client's side, as PEM text.
struct TlsOptions {
  std::string ca;           // authorities that are trusted; empty: those of the system
  std::string certificate;  // of the client, followed by those that lead to its authority
  std::string key;          // of that certificate
  std::string server_name;  // expected in the service's certificate; empty: the address' host
};

// The files of `ca`, `certificate` and `key`, each of which may be empty. NOT_FOUND or
// INVALID_ARGUMENT with a sentence that names the file: also for a key that cannot be read or does
// not fit its certificate.
absl::StatusOr<TlsOptions> ReadTls(const std::string& ca, const std::string& certificate,
                                   const std::string& key, std::string server_name);

// How a connection to the service is kept.
struct ChannelOptions {
  // "host:port", "unix:/path", or another name that gRPC resolves.
  std::string address = "127.0.0.1:50051";
  // None: plain text.
  std::optional<TlsOptions> tls;
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
