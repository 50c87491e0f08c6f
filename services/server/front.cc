#include "services/server/front.h"

#include <algorithm>
#include <chrono>
#include <climits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "services/rpc/tls_credentials.h"

namespace supervision::server {
namespace {

// gRPC's own limit lies above ours (4 MiB a batch), so that the error is ours.
constexpr int kMaxReceiveBytes = 16 << 20;
// Of one call's metadata, as clients/README.md says: a token and a trace take a few hundred.
constexpr int kMaxMetadataBytes = 16 << 10;

// Clients may ping as often as this, also without calls; clients/README.md names the matching
// setting. Faster ones are told to stop.
constexpr int kMinPingIntervalMillis = 10'000;
// A monitor that has vanished without a word is noticed within a minute and a half.
constexpr int kKeepaliveMillis = 60'000;
constexpr int kKeepaliveTimeoutMillis = 20'000;

// Calls beside the streams that one connection may have open.
constexpr int kSpareCallsPerConnection = 1024;

// Memory that gRPC may take for its buffers: what intake admits, a batch on the way for each
// callback thread many times over, and a little for each stream.
size_t QuotaBytes(const config::ServerSettings& settings) {
  constexpr size_t kBase = size_t{512} << 20;
  constexpr size_t kPerStream = size_t{64} << 10;
  return kBase + static_cast<size_t>(settings.intake.max_bytes) +
         kPerStream * static_cast<size_t>(settings.alerting.max_streams);
}

void SetLimits(const config::ServerSettings& settings, grpc::ServerBuilder* builder) {
  grpc::ResourceQuota quota("supervisiond");
  quota.Resize(QuotaBytes(settings));
  builder->SetResourceQuota(quota);
  builder->SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // gRPC 1.51 unpacks a message before it looks at its size, and before anybody has asked who sends
  // it: 1 MiB would become 1 GiB.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                              settings.alerting.max_streams + kSpareCallsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kMinPingIntervalMillis);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  if (const absl::Duration age = settings.alerting.max_stream_age; age > absl::ZeroDuration()) {
    // As old as a stream may get: then the client goes on over another connection, to another
    // replica perhaps. Calls under way are finished, and a stream has ended by itself long before
    // the grace is over.
    const int64_t millis = std::min<int64_t>(absl::ToInt64Milliseconds(age), INT_MAX / 2);
    builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, static_cast<int>(millis));
    builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, static_cast<int>(2 * millis));
  }
  // Two services on one port would share its connections.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const config::ServerSettings::Listen& listen,
                                                       const security::TlsSlot* tls) {
  using Wanted = config::ServerSettings::Listen::ClientCertificates;
  if (!listen.tls()) return grpc::InsecureServerCredentials();
  return rpc::TlsCredentials(
      tls, listen.client_certificates == Wanted::kRequired   ? rpc::ClientCertificates::kRequired
           : listen.client_certificates == Wanted::kOptional ? rpc::ClientCertificates::kOptional
                                                             : rpc::ClientCertificates::kOff);
}

// "127.0.0.1:0" with the port that was taken.
std::string WithPort(const std::string& address, int port) {
  if (absl::StartsWith(address, "unix:")) return address;
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

}  // namespace

Front::Front(const Parts& parts)
    : clue_service_(parts.edge, parts.clues),
      classification_service_(parts.edge, parts.classifiers, parts.clues.intake),
      alert_service_(parts.edge, parts.hub, parts.clues.ledger),
      review_service_(parts.edge, parts.clues.ledger, parts.classifiers),
      delivery_service_(parts.edge, parts.clues.ledger, parts.routes),
      silence_service_(parts.edge, parts.clues.ledger),
      subscription_service_(parts.edge, parts.subscriptions),
      admin_service_(parts.edge, parts.report, parts.reload, parts.shadow),
      tls_(parts.tls) {}

Front::~Front() { Stop(absl::ZeroDuration()); }

absl::Status Front::Listen(const config::ServerSettings& settings) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetLimits(settings, &builder);
  builder.RegisterService(&clue_service_);
  builder.RegisterService(&classification_service_);
  builder.RegisterService(&alert_service_);
  builder.RegisterService(&review_service_);
  builder.RegisterService(&delivery_service_);
  builder.RegisterService(&silence_service_);
  builder.RegisterService(&subscription_service_);
  builder.RegisterService(&admin_service_);
  int port = 0;
  credentials_ = CredentialsOf(settings.listen, tls_);
  builder.AddListeningPort(settings.listen.grpc, credentials_, &port);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "listen.grpc ", settings.listen.grpc,
        absl::StartsWith(settings.listen.grpc, "unix:")
            ? " cannot be listened on: the folder of the socket is not there or cannot be written "
              "to, or another file has its name. Make the folder, or set another path."
            : " cannot be listened on: another program holds it, or it is no address of this "
              "machine. End that program (ss -ltnp shows it), or set another address."));
  }
  address_ = WithPort(settings.listen.grpc, port);
  keep_awake_ = std::make_unique<rpc::KeepAwake>(server_->InProcessChannel({}));
  return absl::OkStatus();
}

grpc::HealthCheckServiceInterface* Front::health() { return server_->GetHealthCheckService(); }

void Front::Stop(absl::Duration patience) {
  if (server_ == nullptr) return;
  if (keep_awake_ != nullptr) keep_awake_->Stop();
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(patience));
  keep_awake_.reset();
  server_.reset();
}

}  // namespace supervision::server
