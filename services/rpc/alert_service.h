#pragma once

#include "services/alerting/hub.h"
#include "services/ledger/ledger.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/alert_service.grpc.pb.h"

namespace supervision::rpc {

using RawAlertService = v1::AlertService::WithRawCallbackMethod_WatchAlerts<
    v1::AlertService::WithRawCallbackMethod_ListAlerts<
        v1::AlertService::WithRawCallbackMethod_GetAlert<
            v1::AlertService::WithRawCallbackMethod_AcknowledgeAlert<
                v1::AlertService::WithRawCallbackMethod_UnacknowledgeAlert<
                    v1::AlertService::WithRawCallbackMethod_AssignAlert<
                        v1::AlertService::WithRawCallbackMethod_ResolveAlert<
                            v1::AlertService::WithRawCallbackMethod_ReopenAlert<
                                v1::AlertService::Service>>>>>>>>;

// supervision.v1.AlertService. Thread-safe. Hub and ledger outlive it.
class AlertService final : public RawAlertService {
 public:
  AlertService(const Edge& edge, alerting::Hub* hub, ledger::Ledger* ledger)
      : edge_(edge), hub_(hub), ledger_(ledger) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerWriteReactor<Bytes>* WatchAlerts(Context* context, const Bytes* request) override;
  grpc::ServerUnaryReactor* ListAlerts(Context* context, const Bytes* request,
                                       Bytes* response) override;
  grpc::ServerUnaryReactor* GetAlert(Context* context, const Bytes* request,
                                     Bytes* response) override;
  // alert_handling.cc
  grpc::ServerUnaryReactor* AcknowledgeAlert(Context* context, const Bytes* request,
                                             Bytes* response) override;
  grpc::ServerUnaryReactor* UnacknowledgeAlert(Context* context, const Bytes* request,
                                               Bytes* response) override;
  grpc::ServerUnaryReactor* AssignAlert(Context* context, const Bytes* request,
                                        Bytes* response) override;
  grpc::ServerUnaryReactor* ResolveAlert(Context* context, const Bytes* request,
                                         Bytes* response) override;
  grpc::ServerUnaryReactor* ReopenAlert(Context* context, const Bytes* request,
                                        Bytes* response) override;
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* TakeStep(security::Method method, Context* context,
                                     const Bytes* request, Bytes* response);

  const Edge edge_;
  alerting::Hub* const hub_;
  ledger::Ledger* const ledger_;
};

}  // namespace supervision::rpc
