#include "services/rpc/subscription_service.h"

#include <algorithm>
#include <utility>

#include "services/domain/error.h"
#include "services/rpc/consume_alerts.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/sharing_proto.h"
#include "services/rpc/subscription_proto.h"

namespace supervision::rpc {
namespace {

using security::Method;

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 500;

// What each method that gives a subscription back answers with.
template <typename Response>
ledger::Ledger::Callback<ledger::Subscription> AnswerTo(UnaryCall* call) {
  return [call](absl::StatusOr<ledger::Subscription> subscription) {
    if (!subscription.ok()) return call->Fail(subscription.status());
    Response answer;
    *answer.mutable_subscription() = ToProto(*subscription);
    call->Answer(answer);
  };
}

}  // namespace

struct SubscriptionService::Answer {
  UnaryCall* call = nullptr;
  Caller caller;
  ledger::Deadline deadline{absl::ZeroDuration()};  // of all steps together
  ledger::Subscription found;
  v1::GetSubscriptionResponse response;
};

void SubscriptionService::FindStart(const v1::CreateSubscriptionRequest& request,
                                    absl::Duration timeout,
                                    ledger::Ledger::Callback<ledger::Place> callback) {
  if (request.has_cursor()) {
    return ledger_->ResolveCursor(request.cursor(), timeout, std::move(callback));
  }
  if (request.start_from() == v1::START_FROM_EARLIEST) {
    return ledger_->EarliestPlace(timeout, std::move(callback));
  }
  ledger_->LatestPlace(timeout, std::move(callback));
}

grpc::ServerUnaryReactor* SubscriptionService::CreateSubscription(Context* context,
                                                                  const Bytes* bytes,
                                                                  Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kCreateSubscription, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::CreateSubscriptionRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  const v1::Subscription& wanted = request.subscription();
  ledger::SubscriptionDraft draft;
  ValidateSubscriptionName(wanted.name(), "subscription.name", &violations);
  draft.filter = FromProto(wanted.filter(), "subscription.filter", &violations);
  draft.retention = RetentionOf(wanted.has_retention(), wanted.retention(),
                                "subscription.retention", &violations);
  draft.sharing =
      SharingOf(wanted.mode(), wanted.has_sharing(), wanted.sharing(), "subscription", &violations);
  if (!request.has_cursor() && request.start_from() > v1::START_FROM_LATEST) {
    violations.push_back({"start_from", "is no start; write EARLIEST or LATEST",
                          "起点未知；请使用 EARLIEST 或 LATEST"});
  }
  if (!call->Accept(std::move(violations))) return call;
  draft.key = {caller->principal->id, wanted.name()};
  FindStart(request, caller->timeout,
            [this, call, draft = std::move(draft), deadline = ledger::Deadline(caller->timeout)](
                absl::StatusOr<ledger::Place> place) mutable {
              if (!place.ok()) return call->Fail(place.status());
              draft.start = *std::move(place);
              desk_.Create(std::move(draft), quota_, deadline.left(),
                           AnswerTo<v1::CreateSubscriptionResponse>(call));
            });
  return call;
}

grpc::ServerUnaryReactor* SubscriptionService::GetSubscription(Context* context, const Bytes* bytes,
                                                               Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kGetSubscription, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::GetSubscriptionRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateSubscriptionName(request.name(), "name", &violations);
  if (!call->Accept(std::move(violations))) return call;
  const auto answer = std::make_shared<Answer>();
  answer->call = call;
  answer->caller = *caller;
  answer->deadline = ledger::Deadline(caller->timeout);
  desk_.Get({caller->principal->id, request.name()}, caller->timeout,
            [this, answer](absl::StatusOr<ledger::Subscription> found) {
              if (!found.ok()) return answer->call->Fail(found.status());
              answer->found = *std::move(found);
              AddSharing(answer);
            });
  return call;
}

// What is settled one by one behind the place is not behind.
void SubscriptionService::AddSharing(const std::shared_ptr<Answer>& answer) {
  if (!answer->found.sharing.has_value()) return AddLag(answer);
  sharing_.Look(answer->found.key, answer->deadline.left(),
                [this, answer](const absl::StatusOr<ledger::ShareState>& state) {
                  if (!state.ok()) return answer->call->Fail(state.status());
                  *answer->response.mutable_sharing() = ToProto(*state);
                  answer->found.progress = ProgressOf(*state);
                  AddLag(answer);
                });
}

void SubscriptionService::AddLag(const std::shared_ptr<Answer>& answer) {
  const ledger::Subscription& found = answer->found;
  alerting::LagQuery query;
  query.scope = answer->caller.scope;
  query.filter = found.filter;
  query.principal = found.key.owner;
  query.progress = found.progress;
  query.deadline = answer->deadline;
  MeasureLag(&source_, std::move(query), [answer](const absl::StatusOr<alerting::Lag>& lag) {
    if (!lag.ok()) return answer->call->Fail(lag.status());
    v1::GetSubscriptionResponse& response = answer->response;
    *response.mutable_subscription() = ToProto(answer->found);
    *response.mutable_lag() = ToProto(*lag, absl::Now());
    response.mutable_lag()->set_history_ends_soon(answer->found.history_ends_soon);
    answer->call->Answer(response);
  });
}

grpc::ServerUnaryReactor* SubscriptionService::ListSubscriptions(Context* context,
                                                                 const Bytes* bytes,
                                                                 Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListSubscriptions, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ListSubscriptionsRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    violations.push_back({"page_size", "is out of range; write 1 to 500, or 0 for 50",
                          "每页条数超出范围；应为 1 至 500，0 表示 50"});
  }
  // The token is the name behind which the list goes on.
  if (!request.page_token().empty()) {
    ValidateSubscriptionName(request.page_token(), "page_token", &violations);
  }
  if (!call->Accept(std::move(violations))) return call;
  desk_.List(
      caller->principal->id, request.page_size() == 0 ? kDefaultPageSize : request.page_size(),
      request.page_token(), caller->timeout, [call](absl::StatusOr<ledger::SubscriptionPage> page) {
        if (!page.ok()) return call->Fail(page.status());
        v1::ListSubscriptionsResponse answer;
        for (const ledger::Subscription& subscription : page->subscriptions) {
          *answer.add_subscriptions() = ToProto(subscription);
        }
        answer.set_next_page_token(page->next_name);
        call->Answer(answer);
      });
  return call;
}

bool SubscriptionService::MayChange(UnaryCall* call, const Caller& caller) const {
  if (edge_.gate->SeesAllOfItsPrincipal(caller)) return true;
  call->Fail(domain::MakeError(domain::Reason::kNarrowedToken));
  return false;
}

grpc::ServerUnaryReactor* SubscriptionService::UpdateSubscription(Context* context,
                                                                  const Bytes* bytes,
                                                                  Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kUpdateSubscription, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::UpdateSubscriptionRequest request;
  Violations violations;
  if (!caller || !MayChange(call, *caller)) return call;
  if (!call->Parse(*bytes, &request, &violations)) return call;
  ledger::SubscriptionChange change;
  ValidateSubscriptionName(request.name(), "name", &violations);
  ValidateKey(request.etag(), "etag", &violations);
  if (request.has_filter()) change.filter = FromProto(request.filter(), "filter", &violations);
  if (request.has_retention()) {
    change.retention = RetentionOf(true, request.retention(), "retention", &violations);
  }
  if (request.has_sharing()) change.sharing = FromProto(request.sharing(), "sharing", &violations);
  if (!call->Accept(std::move(violations))) return call;
  change.key = {caller->principal->id, request.name()};
  change.etag = request.etag();
  desk_.Update(std::move(change), caller->timeout, AnswerTo<v1::UpdateSubscriptionResponse>(call));
  return call;
}

grpc::ServerUnaryReactor* SubscriptionService::DeleteSubscription(Context* context,
                                                                  const Bytes* bytes,
                                                                  Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kDeleteSubscription, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::DeleteSubscriptionRequest request;
  Violations violations;
  if (!caller || !MayChange(call, *caller)) return call;
  if (!call->Parse(*bytes, &request, &violations)) return call;
  ValidateSubscriptionName(request.name(), "name", &violations);
  if (!call->Accept(std::move(violations))) return call;
  desk_.Delete({caller->principal->id, request.name()}, request.etag(), request.force(),
               caller->timeout, [call](absl::StatusOr<ledger::Subscription> deleted) {
                 if (!deleted.ok()) return call->Fail(deleted.status());
                 call->Answer(v1::DeleteSubscriptionResponse());
               });
  return call;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SubscriptionService::ConsumeAlerts(
    Context* context) {
  return rpc::ConsumeAlerts(edge_, consumers_, shares_, context);
}

}  // namespace supervision::rpc
