#include "services/rpc/gate.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"
#include "services/domain/error.h"
#include "services/domain/trace.h"
#include "services/rpc/peer_address.h"

namespace supervision::rpc {
namespace {

constexpr char kTraceParent[] = "traceparent";
constexpr char kAuthorization[] = "authorization";
constexpr std::string_view kScheme = "Bearer ";

// The answer needs a moment for its way back: a caller that waits 1 s is answered after 0.9 s, so
// that it reads our error and not its own "deadline exceeded".
constexpr double kShareForTheWork = 0.9;
constexpr absl::Duration kMostForTheWayBack = absl::Milliseconds(100);

// The token of "authorization: Bearer <token>"; empty when there is none.
std::string_view TokenOf(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find(kAuthorization);
  if (found == context.client_metadata().end()) return {};
  const std::string_view value(found->second.data(), found->second.size());
  const bool is_bearer =
      absl::StartsWithIgnoreCase(absl::string_view(value.data(), value.size()),
                                 absl::string_view(kScheme.data(), kScheme.size()));
  return is_bearer ? value.substr(kScheme.size()) : std::string_view{};
}

std::string TraceParentOf(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find(kTraceParent);
  if (found == context.client_metadata().end()) return {};
  return std::string(
      domain::TraceParent(std::string_view(found->second.data(), found->second.size())));
}

// The names of the client certificate that the handshake has verified, the most particular first.
std::vector<std::string> CertificateNames(const grpc::CallbackServerContext& context) {
  std::vector<std::string> names;
  const auto peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) return names;
  for (const auto& [property, kind] : {std::pair{GRPC_PEER_URI_PROPERTY_NAME, "URI:"},
                                       std::pair{GRPC_PEER_DNS_PROPERTY_NAME, "DNS:"},
                                       std::pair{GRPC_X509_SUBJECT_PROPERTY_NAME, "SUBJECT:"}}) {
    for (const grpc::string_ref& value : peer->FindPropertyValues(property)) {
      names.push_back(kind + std::string(value.data(), value.size()));
    }
  }
  return names;
}

}  // namespace

absl::Status Gate::DrainingError() const {
  return domain::MakeError(domain::Reason::kDraining, options_.retry_delay);
}

absl::Status Gate::ComeAgain(const char* cause) {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kDraining;
  detail.metadata.emplace_back("cause", cause);
  detail.retry_after = absl::ZeroDuration();
  return domain::MakeError(std::move(detail));
}

absl::Status Gate::MaySend(const Caller& caller, security::Method method) const {
  Standing standing = StandingOf(caller, method, *principals_->Get(), absl::Now());
  return standing.changed ? RenewalError() : std::move(standing.may);
}

absl::Duration Gate::TimeoutOf(const grpc::CallbackServerContext& context) const {
  const auto deadline = context.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return options_.default_timeout;
  const absl::Duration left = absl::FromChrono(deadline - std::chrono::system_clock::now());
  const absl::Duration work = std::max(left * kShareForTheWork, left - kMostForTheWayBack);
  return std::clamp(work, absl::ZeroDuration(), options_.default_timeout);
}

bool Gate::SeesAllOfItsPrincipal(const Caller& caller) const {
  const auto principal = principals_->Get()->Find(caller.principal->id);
  return principal != nullptr && security::ScopeOf(*principal) == caller.scope;
}

std::optional<domain::Scope> Gate::ScopeOfHandler(std::string_view id) const {
  return ScopeFor(security::Method::kAcknowledgeAlert, id);
}

std::optional<domain::Scope> Gate::ScopeOfWatcher(std::string_view id) const {
  return ScopeFor(security::Method::kWatchAlerts, id);
}

std::optional<domain::Scope> Gate::ScopeFor(security::Method method, std::string_view id) const {
  const std::shared_ptr<const security::Principal> principal = principals_->Get()->Find(id);
  if (principal == nullptr || !security::Authorise(*principal, method).ok()) return std::nullopt;
  return security::ScopeOf(*principal);
}

absl::StatusOr<Caller> Gate::Enter(const grpc::CallbackServerContext& context,
                                   security::Method method) const {
  if (draining_.load(std::memory_order_relaxed)) return DrainingError();
  Caller caller;
  const auto principals = principals_->Get();
  const std::string_view token = TokenOf(context);
  const absl::Time now = absl::Now();
  caller.principal = token.empty() ? principals->AuthenticateCertificate(CertificateNames(context))
                                   : principals->Authenticate(token, now);
  if (caller.principal == nullptr) {
    Tell({method, grpc::StatusCode::UNAUTHENTICATED, "", PeerAddress(context.peer())});
    return domain::MakeError(domain::Reason::kUnauthenticated);
  }
  if (absl::Status status = security::Authorise(*caller.principal, method); !status.ok()) {
    Tell({method, grpc::StatusCode::PERMISSION_DENIED, caller.principal->id, ""});
    return status;
  }
  auto share = quotas_->Enter(*caller.principal, security::IsStream(method), now);
  if (!share.ok()) return share.status();
  caller.share = *std::move(share);
  caller.scope = security::ScopeOf(*caller.principal);
  caller.timeout = TimeoutOf(context);
  caller.trace_parent = TraceParentOf(context);
  return caller;
}

}  // namespace supervision::rpc
