#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "prometheus/metric_family.h"
#include "services/alerting/consumers.h"
#include "services/classification/set_state.h"
#include "services/intake/shadow.h"
#include "services/ledger/types.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/admin_service.grpc.pb.h"

namespace supervision::rpc {

// What AdminService.GetStatus tells; the server collects it without waiting for anybody.
struct StatusReport {
  std::string version;
  absl::Time started_at;
  bool ready = false;
  std::vector<std::string> not_ready_because;
  ledger::LedgerState ledger;
  std::vector<int64_t> told_positions;  // per partition; may be shorter while the ledger is closed
  std::string redis_address;            // without secrets
  int redis_restarts = 0;               // of the embedded one
  classification::SetState rules;
  std::optional<classification::SetState> candidate;  // nothing: none is configured
  size_t open_streams = 0;
  std::vector<prometheus::MetricFamily> metrics;
  std::map<std::string, alerting::OwnerConnections> subscribers;  // who is connected
  absl::Time now;
};

using RawAdminService = v1::AdminService::WithRawCallbackMethod_GetStatus<
    v1::AdminService::WithRawCallbackMethod_ReloadRules<
        v1::AdminService::WithRawCallbackMethod_ListShadowDifferences<v1::AdminService::Service>>>;

// The candidate set beside the live one; both null where none is configured.
struct ShadowView {
  const intake::Shadow* shadow = nullptr;
  std::function<classification::SetState()> candidate;
};

// supervision.v1.AdminService. Thread-safe.
class AdminService final : public RawAdminService {
 public:
  using Report = std::function<StatusReport()>;
  // Reads the rules again and calls back, once, on any thread.
  using Reload = std::function<void(std::function<void(absl::StatusOr<classification::SetState>)>)>;
  AdminService(const Edge& edge, Report report, Reload reload, ShadowView shadow)
      : edge_(edge),
        report_(std::move(report)),
        reload_(std::move(reload)),
        shadow_(std::move(shadow)) {}

 private:
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReloadRules(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;

  grpc::ServerUnaryReactor* ListShadowDifferences(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) override;

  const Edge edge_;
  const Report report_;
  const Reload reload_;
  const ShadowView shadow_;
};

}  // namespace supervision::rpc
