#include "clients/cpp/channel.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "clients/cpp/tls_pair.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace supervision::client {
namespace {

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return "";
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open()) {
    return absl::NotFoundError(path + " cannot be read; check the path and its permissions");
  }
  if (text.find("-----BEGIN ") == std::string::npos) {
    return absl::InvalidArgumentError(path + " is no PEM text (-----BEGIN …-----)");
  }
  return text;
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const std::optional<TlsOptions>& tls) {
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials(
      {.pem_root_certs = tls->ca, .pem_private_key = tls->key, .pem_cert_chain = tls->certificate});
}

}  // namespace

absl::StatusOr<TlsOptions> ReadTls(const std::string& ca, const std::string& certificate,
                                   const std::string& key, std::string server_name) {
  if (certificate.empty() != key.empty()) {
    return absl::InvalidArgumentError(
        "a client certificate and its key belong together; give both or none");
  }
  TlsOptions tls;
  for (const auto& [path, text] :
       {std::pair{&ca, &tls.ca}, std::pair{&certificate, &tls.certificate},
        std::pair{&key, &tls.key}}) {
    absl::StatusOr<std::string> read = ReadPem(*path);
    if (!read.ok()) return read.status();
    *text = *std::move(read);
  }
  tls.server_name = std::move(server_name);
  if (absl::Status good = CheckTls(tls, {ca, certificate, key}); !good.ok()) return good;
  return tls;
}

std::shared_ptr<grpc::Channel> MakeChannel(const ChannelOptions& options) {
  constexpr int kMaxMessageBytes = 16 << 20;  // a full page or batch answer is far smaller
  constexpr int kReconnectMs = 200;
  constexpr int kConnectMs = 2000;
  constexpr int kReconnectAtMostMs = 5000;

  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   Milliseconds(std::max(options.keepalive, kLeastKeepalive)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  // A monitor only listens: without this the third ping of a quiet stream would not be sent.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // gRPC's own back-off grows to two minutes, much longer than a restart takes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectAtMostMs);
  // Of several replicas all are connected: a call that one refuses goes to another at once.
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  if (options.tls.has_value() && !options.tls->server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls->server_name);
  }
  return grpc::CreateCustomChannel(options.address, CredentialsOf(options.tls), arguments);
}

}  // namespace supervision::client
