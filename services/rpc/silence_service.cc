#include "services/rpc/silence_service.h"

#include <algorithm>
#include <utility>

#include "services/domain/error.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/silence_preview.h"
#include "services/rpc/silence_proto.h"

namespace supervision::rpc {
namespace {

using security::Method;

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 500;

// What each method that gives a silence back answers with.
template <typename Response>
ledger::Ledger::Callback<domain::Silence> AnswerTo(UnaryCall* call) {
  return [call](const absl::StatusOr<domain::Silence>& silence) {
    if (!silence.ok()) return call->Fail(silence.status());
    Response answer;
    *answer.mutable_silence() = ToProto(*silence, absl::Now());
    call->Answer(answer);
  };
}

// Of a silence that names its receivers: what others hear is a supervisor's to decide.
absl::Status CheckReceivers(const Gate& gate, const Caller& caller,
                            const std::vector<std::string>& receivers) {
  const bool own = std::all_of(receivers.begin(), receivers.end(),
                               [&](const std::string& id) { return id == caller.principal->id; });
  if (own) return absl::OkStatus();
  if (!caller.principal->roles.test(static_cast<size_t>(security::Role::kSupervisor))) {
    domain::ErrorDetail detail;
    detail.reason = domain::Reason::kPermissionDenied;
    detail.metadata = {{"right", "receivers"}};
    return domain::MakeError(std::move(detail));
  }
  for (const std::string& id : receivers) {
    if (!gate.ScopeOfWatcher(id).has_value()) {
      return domain::MakeError(domain::Reason::kReceiverUnfit);
    }
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* SilenceService::CreateSilence(Context* context, const Bytes* bytes,
                                                        Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kCreateSilence, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::CreateSilenceRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ledger::SilenceDraft draft;
  const absl::Time now = absl::Now();
  draft.silence = FromProto(request, now, &violations);
  const bool named = !request.request_id().empty();
  const bool late = named && OnlyItsEndHasPassed(request, now, violations);
  if (!late && !call->Accept(std::move(violations))) return call;
  absl::Status refusal = CheckReceivers(*edge_.gate, *caller, draft.silence.receivers);
  if (late) refusal.Update(intake::ToStatus(std::move(violations)));
  const bool may = !domain::HasReason(refusal, domain::Reason::kPermissionDenied);
  if (!refusal.ok() && !(named && may)) {
    call->Fail(refusal);
    return call;
  }
  draft.silence.author = caller->principal->id;
  if (draft.silence.receivers.empty()) draft.silence.receivers = {caller->principal->id};
  draft.request_id = request.request_id();
  draft.scope = caller->scope;
  if (!refusal.ok()) {
    // Its end has passed, or a receiver watches no more: of a repeat that says nothing.
    desk_.Repeat(std::move(draft), std::move(refusal), caller->timeout,
                 AnswerTo<v1::CreateSilenceResponse>(call));
    return call;
  }
  desk_.Create(std::move(draft), {}, caller->timeout, AnswerTo<v1::CreateSilenceResponse>(call));
  return call;
}

grpc::ServerUnaryReactor* SilenceService::PreviewSilence(Context* context, const Bytes* bytes,
                                                         Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kPreviewSilence, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::PreviewSilenceRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  domain::Silence silence = FromProto(request, &violations);
  if (!call->Accept(std::move(violations))) return call;
  silence.scope = caller->scope;
  rpc::PreviewSilence(ledger_, std::move(silence), caller->timeout,
                      [call](const absl::StatusOr<v1::PreviewSilenceResponse>& preview) {
                        if (!preview.ok()) return call->Fail(preview.status());
                        call->Answer(*preview);
                      });
  return call;
}

grpc::ServerUnaryReactor* SilenceService::ExpireSilence(Context* context, const Bytes* bytes,
                                                        Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kExpireSilence, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ExpireSilenceRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateKey(request.silence_id(), "silence_id", &violations);
  if (!call->Accept(std::move(violations))) return call;
  desk_.Change({.id = request.silence_id(),
                .by = caller->principal->id,
                .may = MayChange(*caller, edge_.gate->SeesAllOfItsPrincipal(*caller))},
               caller->timeout, AnswerTo<v1::ExpireSilenceResponse>(call));
  return call;
}

grpc::ServerUnaryReactor* SilenceService::ExtendSilence(Context* context, const Bytes* bytes,
                                                        Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kExtendSilence, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ExtendSilenceRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateKey(request.silence_id(), "silence_id", &violations);
  const absl::Time end = NewEndOf(request, absl::Now(), &violations);
  if (!call->Accept(std::move(violations))) return call;
  desk_.Change({.id = request.silence_id(),
                .by = caller->principal->id,
                .may = MayChange(*caller, edge_.gate->SeesAllOfItsPrincipal(*caller)),
                .ends_at = end},
               caller->timeout, AnswerTo<v1::ExtendSilenceResponse>(call));
  return call;
}

grpc::ServerUnaryReactor* SilenceService::GetSilence(Context* context, const Bytes* bytes,
                                                     Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kGetSilence, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::GetSilenceRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateKey(request.silence_id(), "silence_id", &violations);
  if (!call->Accept(std::move(violations))) return call;
  desk_.Get(request.silence_id(), MayRead(*caller, edge_.gate->SeesAllOfItsPrincipal(*caller)),
            caller->timeout, AnswerTo<v1::GetSilenceResponse>(call));
  return call;
}

grpc::ServerUnaryReactor* SilenceService::ListSilences(Context* context, const Bytes* bytes,
                                                       Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListSilences, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ListSilencesRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    violations.push_back({"page_size", "is out of range; write 1 to 500, or 0 for 50",
                          "每页条数超出范围；应为 1 至 500，0 表示 50"});
  }
  if (!call->Accept(std::move(violations))) return call;
  ledger::SilenceQuery query;
  query.may_read = MayRead(*caller, edge_.gate->SeesAllOfItsPrincipal(*caller));
  query.ended_too = request.include_ended();
  query.page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  query.page_token = request.page_token();
  desk_.List(std::move(query), caller->timeout,
             [call](const absl::StatusOr<ledger::SilencePage>& page) {
               if (!page.ok()) return call->Fail(page.status());
               v1::ListSilencesResponse answer;
               const absl::Time now = absl::Now();
               for (const domain::Silence& silence : page->silences) {
                 *answer.add_silences() = ToProto(silence, now);
               }
               answer.set_next_page_token(page->next_page_token);
               call->Answer(answer);
             });
  return call;
}

}  // namespace supervision::rpc
