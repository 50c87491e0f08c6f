#include "services/rpc/review_service.h"

#include <utility>

#include "services/rpc/from_proto.h"
#include "services/rpc/to_proto.h"

namespace supervision::rpc {

using security::Method;

grpc::ServerUnaryReactor* ReviewService::ListReviewQueue(Context* context, const Bytes* bytes,
                                                         Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListReviewQueue, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ListReviewQueueRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ledger::ReviewQuery query = FromProto(std::move(request), &violations);
  if (!call->Accept(std::move(violations))) return call;
  query.scope = caller->scope;
  query.caller = caller->principal->id;
  ledger_->ListReviewQueue(std::move(query), caller->timeout,
                           [call, scope = caller->scope](absl::StatusOr<ledger::ReviewPage> page) {
                             if (!page.ok()) return call->Fail(page.status());
                             v1::ListReviewQueueResponse answer;
                             for (const ledger::ReviewItem& item : page->items) {
                               *answer.add_items() = ToProto(item, scope);
                             }
                             answer.set_next_page_token(std::move(page->next_page_token));
                             call->Answer(answer);
                           });
  return call;
}

grpc::ServerUnaryReactor* ReviewService::ClaimReview(Context* context, const Bytes* bytes,
                                                     Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kClaimReview, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ClaimReviewRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateKey(request.clue_id(), "clue_id", &violations);
  const absl::Duration lease = LeaseOf(request, &violations);
  if (!call->Accept(std::move(violations))) return call;
  ledger_->ClaimReview({.scope = caller->scope,
                        .holder = caller->principal->id,
                        .clue_id = std::move(*request.mutable_clue_id()),
                        .lease = lease},
                       caller->timeout,
                       [call, scope = caller->scope](absl::StatusOr<ledger::ReviewItem> item) {
                         if (!item.ok()) return call->Fail(item.status());
                         v1::ClaimReviewResponse answer;
                         *answer.mutable_item() = ToProto(*item, scope);
                         call->Answer(answer);
                       });
  return call;
}

grpc::ServerUnaryReactor* ReviewService::ReleaseReview(Context* context, const Bytes* bytes,
                                                       Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kReleaseReview, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ReleaseReviewRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ValidateKey(request.clue_id(), "clue_id", &violations);
  if (!call->Accept(std::move(violations))) return call;
  ledger_->ReleaseReview({.scope = caller->scope,
                          .holder = caller->principal->id,
                          .clue_id = std::move(*request.mutable_clue_id()),
                          .lease = absl::ZeroDuration()},
                         caller->timeout, [call](const absl::StatusOr<ledger::ReviewItem>& item) {
                           if (!item.ok()) return call->Fail(item.status());
                           call->Answer(v1::ReleaseReviewResponse());
                         });
  return call;
}

grpc::ServerUnaryReactor* ReviewService::CorrectVerdict(Context* context, const Bytes* bytes,
                                                        Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kCorrectVerdict, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::CorrectVerdictRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  ledger::CorrectionRequest correction = FromProto(std::move(request), &violations);
  if (!call->Accept(std::move(violations))) return call;
  correction.by = domain::CorrectedBy::kPerson;
  correction.author = caller->principal->id;
  correction.scope = caller->scope;
  correction.trace_parent = caller->trace_parent;
  ledger_->Correct(std::move(correction), caller->timeout,
                   [call](const absl::StatusOr<ledger::Receipt>& receipt) {
                     if (!receipt.ok()) return call->Fail(receipt.status());
                     v1::CorrectVerdictResponse answer;
                     ToProto(*receipt, answer.mutable_receipt());
                     call->Answer(answer);
                   });
  return call;
}

grpc::ServerUnaryReactor* ReviewService::ListCorrections(Context* context, const Bytes* bytes,
                                                         Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kListCorrections, context, response);
  const std::optional<Caller> caller = call->Enter();
  v1::ListCorrectionsRequest request;
  Violations violations;
  if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
  const bool with_texts = request.with_texts();
  ledger::ListQuery query = FromProto(std::move(request), &violations);
  if (!call->Accept(std::move(violations))) return call;
  query.scope = caller->scope;
  ledger_->ListCorrections(
      std::move(query), caller->timeout,
      [call, with_texts, scope = caller->scope](absl::StatusOr<ledger::CorrectionPage> page) {
        if (!page.ok()) return call->Fail(page.status());
        v1::ListCorrectionsResponse answer;
        for (const ledger::CorrectedClue& one : page->corrections) {
          *answer.add_clues() = ToProto(one, scope, with_texts);
        }
        answer.set_next_page_token(std::move(page->next_page_token));
        call->Answer(answer);
      });
  return call;
}

}  // namespace supervision::rpc
