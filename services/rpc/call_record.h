#pragma once

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"
#include "services/observability/log.h"
#include "services/rpc/gate.h"
#include "services/rpc/rpc_metrics.h"
#include "services/security/authority.h"

namespace supervision::rpc {

// What every service needs. Made by the server, which keeps them for longer than the services.
struct Edge {
  Gate* gate = nullptr;
  RpcMetrics* metrics = nullptr;
  observability::Logger* log = nullptr;
};

// One call, unary or stream, in the metrics and in the log, from its arrival to its finish.
class CallRecord {
 public:
  CallRecord(const Edge& edge, security::Method method);

  // Its caller has entered. Before anything can finish the call.
  void Entered(const Caller& caller) {
    principal_ = caller.principal;
    trace_parent_ = caller.trace_parent;
  }
  // Once.
  void Finished(grpc::StatusCode code) const;

 private:
  Gate* const gate_;
  RpcMetrics* const metrics_;
  observability::Logger* const log_;
  const security::Method method_;
  const absl::Time started_ = absl::Now();
  std::shared_ptr<const security::Principal> principal_;  // null: its caller has not entered
  std::string trace_parent_;                              // of the caller; empty: none
};

}  // namespace supervision::rpc
