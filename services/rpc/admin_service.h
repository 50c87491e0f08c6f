#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

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
  std::string catalogue_version;
  std::string rules_version;
  size_t open_streams = 0;
};

// supervision.v1.AdminService. Thread-safe.
class AdminService final
    : public v1::AdminService::WithRawCallbackMethod_GetStatus<v1::AdminService::Service> {
 public:
  using Report = std::function<StatusReport()>;
  AdminService(const Edge& edge, Report report) : edge_(edge), report_(std::move(report)) {}

 private:
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

  const Edge edge_;
  const Report report_;
};

}  // namespace supervision::rpc
