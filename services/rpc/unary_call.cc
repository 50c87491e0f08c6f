#include "services/rpc/unary_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/domain/error.h"
#include "services/rpc/bytes.h"
#include "services/rpc/parse.h"
#include "services/rpc/status.h"

namespace supervision::rpc {

absl::Status MessageTooLarge(size_t limit_bytes) {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kMessageTooLarge;
  detail.metadata.emplace_back("limit_bytes", absl::StrCat(limit_bytes));
  return domain::MakeError(std::move(detail));
}

UnaryCall::UnaryCall(const Edge& edge, security::Method method,
                     grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : edge_(edge), method_(method), context_(context), response_(response), record_(edge, method) {}

std::optional<Caller> UnaryCall::Enter() {
  absl::StatusOr<Caller> caller = edge_.gate->Enter(*context_, method_);
  if (caller.ok()) {
    share_ = caller->share;
    record_.Entered(*caller);
    return *std::move(caller);
  }
  Fail(caller.status());
  return std::nullopt;
}

bool UnaryCall::TakeQuota(size_t bytes, size_t clues) {
  auto taken = share_->Take(bytes, absl::Now());
  if (!taken.ok()) {
    Fail(taken.status());
    return false;
  }
  request_ = *std::move(taken);
  if (clues > 1) share_->Owe(clues - 1);
  return true;
}

bool UnaryCall::Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* request,
                      intake::Violations* violations) {
  if (bytes.Length() > kMaxRequestBytes) {
    Fail(MessageTooLarge(kMaxRequestBytes));
    return false;
  }
  if (!TakeQuota(bytes.Length())) return false;
  grpc::Slice holder;
  const absl::Status status = ParseRequest(Flatten(bytes, &holder), "", request, violations);
  if (!status.ok()) Fail(status);
  return status.ok();
}

bool UnaryCall::Accept(intake::Violations violations) {
  if (violations.empty()) return true;
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kInvalidRequest;
  detail.violations = std::move(violations);
  Fail(domain::MakeError(std::move(detail)));
  return false;
}

void UnaryCall::Answer(const google::protobuf::Message& message) {
  *response_ = Serialise(message);
  FinishWith(grpc::Status::OK);
}

void UnaryCall::Fail(const absl::Status& status) { FinishWith(ToGrpcStatus(status, context_)); }

void UnaryCall::FinishWith(grpc::Status status) {
  record_.Finished(status.error_code());
  Finish(std::move(status));
}

}  // namespace supervision::rpc
