#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "services/rpc/open_streams.h"
#include "services/security/authority.h"
#include "services/security/quotas.h"
#include "services/security/slots.h"

namespace supervision::rpc {

// Whether a caller who asks for back-fill may.
inline absl::Status MayBackfill(const Caller& caller, bool wanted) {
  return wanted ? security::AuthoriseBackfill(*caller.principal) : absl::OkStatus();
}

// The first thing of every call of ours, before its request is looked at: is the replica taking
// calls, who calls, may it call this. Thread-safe.
class Gate {
 public:
  // A call that ended by what an operator should know of: its caller was turned away for who it is
  // (UNAUTHENTICATED, PERMISSION_DENIED), or the service could not read its own data (INTERNAL).
  struct Trouble {
    security::Method method{};
    grpc::StatusCode code{};
    std::string_view principal;  // empty: it is nobody
    std::string address;         // of the peer, as PeerAddress() says; only of nobody
  };
  struct Options {
    absl::Duration default_timeout = absl::Seconds(10);  // the most that a call works
    absl::Duration retry_delay = absl::Milliseconds(500);
    absl::Duration max_stream_age;  // of streams that do not see to it by themselves; zero: any
    // Called on gRPC's threads for each; empty: nobody wants to know.
    std::function<void(const Trouble&)> on_trouble;
  };
  // Both outlive the gate.
  Gate(const security::DirectorySlot* principals, security::Quotas* quotas, Options options)
      : principals_(principals), quotas_(quotas), options_(options) {}

  // UNAUTHENTICATED, PERMISSION_DENIED, QUOTA_EXCEEDED or DRAINING. Who sends a token is whom the
  // token says; who sends none is whom its certificate says.
  absl::StatusOr<Caller> Enter(const grpc::CallbackServerContext& context,
                               security::Method method) const;

  // Tells whoever wants to know.
  void Tell(const Trouble& trouble) const {
    if (options_.on_trouble) options_.on_trouble(trouble);
  }

  // Whether a caller that has entered may still send on its stream: as Enter says, or DRAINING
  // where it comes again with other rights.
  absl::Status MaySend(const Caller& caller, security::Method method) const;

  // Whether the caller sees all that its principal does: a token may be narrower.
  bool SeesAllOfItsPrincipal(const Caller& caller) const;

  // What the principal `id` sees when it handles alerts; nothing when it may not, or there is none.
  std::optional<domain::Scope> ScopeOfHandler(std::string_view id) const;

  // What the principal `id` sees when it watches alerts; nothing when it may not, or there is none.
  std::optional<domain::Scope> ScopeOfWatcher(std::string_view id) const;

  // From now on every call is told to go to another replica.
  void Drain() { draining_.store(true, std::memory_order_relaxed); }
  absl::Status DrainingError() const;
  // For a stream that ends so that its caller comes again at once: it may see or do something else
  // from now on, or the stream is as old as one may get.
  static absl::Status RenewalError() { return ComeAgain("RIGHTS_CHANGED"); }
  static absl::Status AgeError() { return ComeAgain("STREAM_AGE"); }

  // Streams that have entered: they are looked at again while they are open.
  OpenStreams& streams() { return streams_; }

 private:
  static absl::Status ComeAgain(const char* cause);
  std::optional<domain::Scope> ScopeFor(security::Method method, std::string_view id) const;
  absl::Duration TimeoutOf(const grpc::CallbackServerContext& context) const;

  const security::DirectorySlot* const principals_;
  security::Quotas* const quotas_;
  const Options options_;
  std::atomic<bool> draining_{false};
  OpenStreams streams_{options_.max_stream_age};
};

}  // namespace supervision::rpc
