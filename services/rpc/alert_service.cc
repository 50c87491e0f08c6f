#include "services/rpc/alert_service.h"

#include <utility>

#include "services/ledger/deadline.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/to_proto.h"
#include "services/rpc/watch_alerts.h"

namespace supervision::rpc {
namespace {

using security::Method;

v1::Alert Shown(const domain::Alert& alert, const domain::Scope& scope) {
  return ToProto(alert, domain::ProjectionFor(scope, alert.facets.confidentiality));
}

void AnswerWithChanges(const domain::Alert& alert, const domain::Scope& scope,
                       const ledger::Deadline& deadline, ledger::Ledger* ledger, UnaryCall* call) {
  ledger->ReadAlertChanges(
      alert.clue_id, scope, deadline.left(),
      [call, alert, scope](const absl::StatusOr<std::vector<ledger::PastChange>>& changes) {
        if (!changes.ok()) return call->Fail(changes.status());
        v1::GetAlertResponse answer;
        *answer.mutable_alert() = Shown(alert, scope);
        for (const ledger::PastChange& change : *changes) {
          *answer.add_changes() =
              ToProto(change, domain::ProjectionFor(scope, change.confidentiality));
        }
        call->Answer(answer);
      });
}

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* AlertService::WatchAlerts(Context* context,
                                                                      const Bytes* bytes) {
  return rpc::WatchAlerts(edge_, hub_, context, *bytes);
}

grpc::ServerUnaryReactor* AlertService::ListAlerts(Context* context, const Bytes* bytes,
                                                   Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListAlerts, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ListAlertsRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  const bool include_silenced = request.include_silenced();
  ledger::ListQuery query = FromProto(std::move(request), &violations);
  if (!call->Accept(std::move(violations))) return call;
  query.scope = caller->scope;
  if (!include_silenced) query.hidden_from = caller->principal->id;
  ledger_->List(std::move(query), caller->timeout,
                [call, scope = caller->scope](absl::StatusOr<ledger::ListPage> page) {
                  if (!page.ok()) return call->Fail(page.status());
                  v1::ListAlertsResponse answer;
                  for (const ledger::ClueSummary& clue : page->clues) {
                    *answer.add_alerts() = Shown(clue.alert, scope);
                  }
                  answer.set_next_page_token(std::move(page->next_page_token));
                  call->Answer(answer);
                });
  return call;
}

grpc::ServerUnaryReactor* AlertService::GetAlert(Context* context, const Bytes* bytes,
                                                 Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kGetAlert, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::GetAlertRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  if (request.alert_id().empty()) {
    violations.push_back({"alert_id", "is missing; write the alert's id", "缺少预警编号；请补充"});
  }
  if (!call->Accept(std::move(violations))) return call;
  ledger_->GetAlert(std::move(*request.mutable_alert_id()), caller->scope, caller->timeout,
                    [call, scope = caller->scope, deadline = ledger::Deadline(caller->timeout),
                     with_changes = request.with_changes(),
                     ledger = ledger_](const absl::StatusOr<domain::Alert>& alert) {
                      if (!alert.ok()) return call->Fail(alert.status());
                      if (with_changes)
                        return AnswerWithChanges(*alert, scope, deadline, ledger, call);
                      v1::GetAlertResponse answer;
                      *answer.mutable_alert() = Shown(*alert, scope);
                      call->Answer(answer);
                    });
  return call;
}

}  // namespace supervision::rpc
