#include "services/rpc/delivery_service.h"

#include <memory>
#include <utility>

#include "services/alerting/lag.h"
#include "services/domain/error.h"
#include "services/rpc/delivery_steps.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/sharing_proto.h"
#include "services/rpc/subscription_proto.h"
#include "services/rpc/to_proto.h"

namespace supervision::rpc {
namespace {

using security::Method;

// Enough for most that are behind; who is further behind is told so.
constexpr int kMostEntries = 20'000;

// What `principal` sees, where the caller may ask for it.
absl::StatusOr<domain::Scope> ScopeOf(const Gate& gate, const Caller& caller,
                                      const std::string& principal) {
  if (principal == caller.principal->id) return caller.scope;
  if (!caller.principal->roles.test(static_cast<size_t>(security::Role::kSupervisor))) {
    domain::ErrorDetail detail;
    detail.reason = domain::Reason::kPermissionDenied;
    detail.metadata = {{"right", "principal"}};
    return domain::MakeError(std::move(detail));
  }
  std::optional<domain::Scope> scope = gate.ScopeOfWatcher(principal);
  if (!scope.has_value()) return domain::MakeError(domain::Reason::kReceiverUnfit);
  return *std::move(scope);
}

}  // namespace

// What has been found out so far.
struct DeliveryService::Question {
  UnaryCall* call = nullptr;
  Caller caller;
  ledger::Deadline deadline{absl::ZeroDuration()};  // of all steps together
  std::string principal;
  std::string name;  // of the subscription
  domain::Scope scope;
  domain::Filter filter;
  AlertAndNow alert;
  ledger::Subscription subscription;
  v1::ExplainDeliveryResponse answer;
};

grpc::ServerUnaryReactor* DeliveryService::ExplainDelivery(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* bytes,
                                                           grpc::ByteBuffer* response) {
  auto* const call = new UnaryCall(edge_, Method::kExplainDelivery, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ExplainDeliveryRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  const auto question = std::make_shared<Question>();
  ValidateKey(request.alert_id(), "alert_id", &violations);
  if (!request.subscription().empty()) {
    ValidateSubscriptionName(request.subscription(), "subscription", &violations);
  }
  question->filter = FromProto(request.filter(), "filter", &violations);
  if (!call->Accept(std::move(violations))) return call;
  question->call = call;
  question->caller = *caller;
  question->deadline = ledger::Deadline(caller->timeout);
  question->principal = request.principal().empty() ? caller->principal->id : request.principal();
  question->name = request.subscription();
  absl::StatusOr<domain::Scope> scope = ScopeOf(*edge_.gate, *caller, question->principal);
  if (!scope.ok()) {
    call->Fail(scope.status());
    return call;
  }
  question->scope = *std::move(scope);
  silences_.GetAlertAsTold(request.alert_id(), caller->scope, caller->timeout,
                           [this, question](absl::StatusOr<domain::Alert> alert) {
                             if (!alert.ok()) return question->call->Fail(alert.status());
                             question->alert.as_told = *alert;
                             question->alert.now = *std::move(alert);
                             silences_.Consider("", &question->alert.now);
                             AskSubscription(question);
                           });
  return call;
}

void DeliveryService::AskSubscription(const std::shared_ptr<Question>& question) {
  if (question->name.empty()) return AskPlace(question);
  subscriptions_.Get({question->principal, question->name}, question->deadline.left(),
                     [this, question](absl::StatusOr<ledger::Subscription> found) {
                       if (!found.ok()) return question->call->Fail(found.status());
                       question->subscription = *std::move(found);
                       question->filter = question->subscription.filter;
                       question->subscription.sharing.has_value() ? AskShares(question)
                                                                  : AskPlace(question);
                     });
}

void DeliveryService::AskShares(const std::shared_ptr<Question>& question) {
  sharing_.Look(question->subscription.key, question->deadline.left(),
                [this, question](const absl::StatusOr<ledger::ShareState>& state) {
                  if (!state.ok()) return question->call->Fail(state.status());
                  question->subscription.progress = ProgressOf(*state);
                  AskPlace(question);
                });
}

void DeliveryService::AskPlace(const std::shared_ptr<Question>& question) {
  v1::ExplainDeliveryResponse& answer = question->answer;
  const domain::Alert& alert = question->alert.now;
  *answer.mutable_alert() =
      ToProto(alert, domain::ProjectionFor(question->caller.scope, alert.facets.confidentiality));
  answer.set_principal(question->principal);
  answer.set_told(AddSteps(question->alert, question->principal, question->scope, question->filter,
                           routes_, &answer));
  if (!answer.told() || question->name.empty()) return question->call->Answer(answer);
  alerting::LagQuery query;
  query.scope = question->scope;
  query.filter = question->filter;
  query.principal = question->principal;
  query.progress = question->subscription.progress;
  query.max_entries = kMostEntries;
  query.deadline = question->deadline;
  query.sought = {alert.id, alert.version, alert.raised_at};
  MeasureLag(&source_, std::move(query), [question](const absl::StatusOr<alerting::Lag>& lag) {
    if (!lag.ok()) return question->call->Fail(lag.status());
    AddAcknowledgement(question->alert.as_told, question->subscription, *lag, &question->answer);
    question->call->Answer(question->answer);
  });
}

}  // namespace supervision::rpc
