// The methods of AlertService by which people handle alerts.
#include <utility>

#include "services/rpc/alert_service.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/to_proto.h"

namespace supervision::rpc {

using security::Method;

template <typename Request, typename Response>
grpc::ServerUnaryReactor* AlertService::TakeStep(Method method, Context* context,
                                                 const Bytes* bytes, Bytes* response) {
  auto* const call = new UnaryCall(edge_, method, context, response);
  const std::optional<Caller> caller = call->Enter();
  Request request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ledger::AlertStepRequest step = FromProto(std::move(request), &violations);
  if (!call->Accept(std::move(violations))) return call;
  step.step.by = caller->principal->id;
  step.scope = caller->scope;
  step.trace_parent = caller->trace_parent;
  if (step.step.action == domain::AlertAction::kAssign) {
    if (step.step.owner.empty()) step.step.owner = caller->principal->id;
    step.owner_scope = edge_.gate->ScopeOfHandler(step.step.owner);
  }
  ledger_->TakeStep(std::move(step), caller->timeout,
                    [call](const absl::StatusOr<ledger::AlertReceipt>& receipt) {
                      if (!receipt.ok()) return call->Fail(receipt.status());
                      Response answer;
                      *answer.mutable_receipt() = ToProto(*receipt);
                      call->Answer(answer);
                    });
  return call;
}

grpc::ServerUnaryReactor* AlertService::AcknowledgeAlert(Context* context, const Bytes* bytes,
                                                         Bytes* response) {
  return TakeStep<v1::AcknowledgeAlertRequest, v1::AcknowledgeAlertResponse>(
      Method::kAcknowledgeAlert, context, bytes, response);
}

grpc::ServerUnaryReactor* AlertService::UnacknowledgeAlert(Context* context, const Bytes* bytes,
                                                           Bytes* response) {
  return TakeStep<v1::UnacknowledgeAlertRequest, v1::UnacknowledgeAlertResponse>(
      Method::kUnacknowledgeAlert, context, bytes, response);
}

grpc::ServerUnaryReactor* AlertService::AssignAlert(Context* context, const Bytes* bytes,
                                                    Bytes* response) {
  return TakeStep<v1::AssignAlertRequest, v1::AssignAlertResponse>(Method::kAssignAlert, context,
                                                                   bytes, response);
}

grpc::ServerUnaryReactor* AlertService::ResolveAlert(Context* context, const Bytes* bytes,
                                                     Bytes* response) {
  return TakeStep<v1::ResolveAlertRequest, v1::ResolveAlertResponse>(Method::kResolveAlert, context,
                                                                     bytes, response);
}

grpc::ServerUnaryReactor* AlertService::ReopenAlert(Context* context, const Bytes* bytes,
                                                    Bytes* response) {
  return TakeStep<v1::ReopenAlertRequest, v1::ReopenAlertResponse>(Method::kReopenAlert, context,
                                                                   bytes, response);
}

}  // namespace supervision::rpc
