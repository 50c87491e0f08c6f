#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "services/domain/visibility.h"
#include "services/security/authority.h"
#include "services/security/principal.h"

namespace supervision::rpc {

// Who calls, what it sees and how long it waits.
struct Caller {
  std::shared_ptr<const security::Principal> principal;
  domain::Scope scope;
  absl::Duration timeout;  // what is left for the work
};

// Whether a caller who asks for back-fill may.
inline absl::Status MayBackfill(const Caller& caller, bool wanted) {
  return wanted ? security::AuthoriseBackfill(*caller.principal) : absl::OkStatus();
}

// The first thing of every call of ours, before its request is looked at: is the replica taking
// calls, who calls, may it call this. Thread-safe.
class Gate {
 public:
  struct Options {
    absl::Duration default_timeout = absl::Seconds(10);  // when the caller set no deadline
    absl::Duration retry_delay = absl::Milliseconds(500);
  };
  Gate(std::shared_ptr<const security::PrincipalDirectory> principals, Options options)
      : principals_(std::move(principals)), options_(options) {}

  // UNAUTHENTICATED, PERMISSION_DENIED or DRAINING.
  absl::StatusOr<Caller> Enter(const grpc::CallbackServerContext& context,
                               security::Method method) const;

  // What the principal `id` sees when it handles alerts; nothing when it may not, or there is none.
  std::optional<domain::Scope> ScopeOfHandler(std::string_view id) const;

  // From now on every call is told to go to another replica.
  void Drain() { draining_.store(true, std::memory_order_relaxed); }
  absl::Status DrainingError() const;

 private:
  absl::Duration TimeoutOf(const grpc::CallbackServerContext& context) const;

  const std::shared_ptr<const security::PrincipalDirectory> principals_;
  const Options options_;
  std::atomic<bool> draining_{false};
};

}  // namespace supervision::rpc
