// The methods of ClueService that change something: room first, then the request.
#include <memory>
#include <utility>

#include "google/protobuf/arena.h"
#include "services/rpc/batch_submit.h"
#include "services/rpc/clue_service.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/to_proto.h"

namespace supervision::rpc {
namespace {

using security::Method;

// Answers `call` with a `Response` that carries the receipt, and gives the room back.
template <typename Response>
intake::Intake::Callback AnswerWith(UnaryCall* call,
                                    std::shared_ptr<intake::Intake::Ticket> ticket) {
  return [call, ticket = std::move(ticket)](absl::StatusOr<ledger::Receipt> receipt) {
    if (!receipt.ok()) return call->Fail(receipt.status());
    // The many small parts of a verdict are freed at once with the arena.
    google::protobuf::Arena arena;
    auto* const response = google::protobuf::Arena::CreateMessage<Response>(&arena);
    ToProto(*receipt, response->mutable_receipt());
    call->Answer(*response);
  };
}

// Room for a request of this size; the call has failed when there is none.
std::shared_ptr<intake::Intake::Ticket> Admit(intake::Intake* intake, size_t bytes,
                                              UnaryCall* call) {
  auto ticket = intake->Admit(bytes);
  if (ticket.ok()) return *std::move(ticket);
  call->Fail(ticket.status());
  return nullptr;
}

}  // namespace

grpc::ServerUnaryReactor* ClueService::SubmitClue(Context* context, const Bytes* bytes,
                                                  Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kSubmitClue, context, response);
  const std::optional<Caller> caller = call->Enter();
  if (!caller) return call;
  auto ticket = Admit(parts_.intake, bytes->Length(), call);
  v1::SubmitClueRequest request;
  intake::Intake::SubmitRequest submit;
  if (ticket == nullptr || !call->Parse(*bytes, &request, &submit.violations)) return call;
  if (absl::Status open = parts_.door->Check(); !open.ok() && !request.validate_only()) {
    call->Fail(open);
    return call;
  }
  if (absl::Status may = MayBackfill(*caller, request.backfill()); !may.ok()) {
    call->Fail(may);
    return call;
  }
  submit.backfill = request.backfill();
  submit.partner = caller->principal->partner;
  submit.request_id = std::move(*request.mutable_request_id());
  submit.content = FromProto(std::move(*request.mutable_clue()), "clue", &submit.violations);
  submit.validate_only = request.validate_only();
  submit.trace_parent = caller->trace_parent;
  parts_.intake->Submit(std::move(submit), caller->timeout,
                        AnswerWith<v1::SubmitClueResponse>(call, std::move(ticket)));
  return call;
}

grpc::ServerUnaryReactor* ClueService::BatchSubmitClues(Context* context, const Bytes* bytes,
                                                        Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kBatchSubmitClues, context, response);
  const std::optional<Caller> caller = call->Enter();
  if (caller) SubmitBatch(*caller, *bytes, parts_.intake, *parts_.door, call);
  return call;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ClueService::StreamClues(
    Context* context) {
  return streams_.Open(edge_, parts_.intake, parts_.door, context);
}

grpc::ServerUnaryReactor* ClueService::ReviseClue(Context* context, const Bytes* bytes,
                                                  Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kReviseClue, context, response);
  const std::optional<Caller> caller = call->Enter();
  if (!caller) return call;
  auto ticket = Admit(parts_.intake, bytes->Length(), call);
  v1::ReviseClueRequest request;
  intake::Intake::ReviseRequest revise;
  if (ticket == nullptr || !call->Parse(*bytes, &request, &revise.violations)) return call;
  if (absl::Status open = parts_.door->Check(); !open.ok()) {
    call->Fail(open);
    return call;
  }
  revise.partner = caller->principal->partner;
  revise.request_id = std::move(*request.mutable_request_id());
  revise.clue_id = std::move(*request.mutable_clue_id());
  revise.etag = std::move(*request.mutable_etag());
  revise.content = FromProto(std::move(*request.mutable_clue()), "clue", &revise.violations);
  revise.trace_parent = caller->trace_parent;
  parts_.intake->Revise(std::move(revise), caller->timeout,
                        AnswerWith<v1::ReviseClueResponse>(call, std::move(ticket)));
  return call;
}

grpc::ServerUnaryReactor* ClueService::WithdrawClue(Context* context, const Bytes* bytes,
                                                    Bytes* response) {
  auto* const call = new UnaryCall(edge_, Method::kWithdrawClue, context, response);
  const std::optional<Caller> caller = call->Enter();
  if (!caller) return call;
  auto ticket = Admit(parts_.intake, bytes->Length(), call);
  v1::WithdrawClueRequest request;
  intake::Intake::WithdrawRequest withdraw;
  if (ticket == nullptr || !call->Parse(*bytes, &request, &withdraw.violations)) return call;
  if (absl::Status open = parts_.door->Check(); !open.ok()) {
    call->Fail(open);
    return call;
  }
  withdraw.partner = caller->principal->partner;
  withdraw.request_id = std::move(*request.mutable_request_id());
  withdraw.clue_id = std::move(*request.mutable_clue_id());
  withdraw.etag = std::move(*request.mutable_etag());
  withdraw.reason = std::move(*request.mutable_reason());
  withdraw.trace_parent = caller->trace_parent;
  parts_.intake->Withdraw(std::move(withdraw), caller->timeout,
                          AnswerWith<v1::WithdrawClueResponse>(call, std::move(ticket)));
  return call;
}

}  // namespace supervision::rpc
