#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "services/intake/validation.h"
#include "services/rpc/call_record.h"

namespace supervision::rpc {

// MESSAGE_TOO_LARGE, with how much one message may have.
absl::Status MessageTooLarge(size_t limit_bytes);

// One unary call, from its raw bytes to its finish. A method steps through Enter and Parse, each of
// which has finished the call when it fails, and hands the work on; whoever does the work calls
// Answer or Fail, exactly once, on any thread. The object deletes itself afterwards.
//
//   auto* call = new UnaryCall(edge_, Method::kGetClue, context, response);
//   std::optional<Caller> caller = call->Enter();
//   if (!caller || !call->Parse(*bytes, &request, &violations)) return call;
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(const Edge& edge, security::Method method, grpc::CallbackServerContext* context,
            grpc::ByteBuffer* response);

  std::optional<Caller> Enter();
  // Room for a request in the caller's quota, until the call is over; one of many clues counts as
  // so many calls. False when there is none: the call is finished. For a request that does not go
  // through Parse. REQUIRES: entered.
  bool TakeQuota(size_t bytes, size_t clues = 1);
  // Parses a request of at most kMaxRequestBytes; text that is not UTF-8 becomes a violation.
  bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message* request,
             intake::Violations* violations);
  // Fails with all of them, when there are any.
  bool Accept(intake::Violations violations);

  // Whether nobody waits for the answer any more: long work may stop, and must still finish the
  // call.
  bool Cancelled() const { return context_->IsCancelled(); }

  void Answer(const google::protobuf::Message& message);
  void Fail(const absl::Status& status);

  // One message that is no batch: 20,000 code points and all lists full stay far below.
  static constexpr size_t kMaxRequestBytes = 1 << 20;

 private:
  void OnDone() override { delete this; }
  void FinishWith(grpc::Status status);

  const Edge edge_;
  const security::Method method_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const response_;
  std::shared_ptr<security::Quotas::Share> share_;    // of the call
  std::shared_ptr<security::Quotas::Share> request_;  // of its bytes
  CallRecord record_;
};

}  // namespace supervision::rpc
