#include "services/rpc/batch_classify.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "services/domain/error.h"
#include "services/rpc/batch_split.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/parse.h"
#include "services/rpc/status.h"
#include "services/rpc/to_proto.h"
#include "services/rpc/turns.h"

namespace supervision::rpc {
namespace {

constexpr BatchShape kTexts = {.name = "texts",
                               .items = v1::BatchClassifyTextsRequest::kTextsFieldNumber};

// The texts of one batch, sorted one after the other.
class TextBatch {
 public:
  TextBatch(grpc::Slice bytes, std::vector<std::string_view> texts,
            std::shared_ptr<const classification::Classifier> classifier,
            std::unique_ptr<intake::Intake::Ticket> ticket, UnaryCall* call)
      : bytes_(std::move(bytes)),
        texts_(std::move(texts)),
        classifier_(std::move(classifier)),
        ticket_(std::move(ticket)),
        call_(call) {}

  // Sorts the next one; whether any is left. Behind the last one the call is answered.
  bool Next() {
    if (call_->Cancelled()) {
      call_->Fail(domain::MakeError(domain::Reason::kDeadlineExceeded));
      return false;
    }
    auto* const result = response_->add_results();
    auto answer = Sort(static_cast<size_t>(response_->results_size()) - 1);
    if (answer.ok()) {
      *result->mutable_verdict() = std::move(*answer->mutable_verdict());
    } else {
      *result->mutable_error() = ToRpcStatus(answer.status());
    }
    if (static_cast<size_t>(response_->results_size()) < texts_.size()) return true;
    call_->Answer(*response_);
    return false;
  }

 private:
  absl::StatusOr<v1::ClassifyTextResponse> Sort(size_t index) const {
    const std::string path = absl::StrCat("texts[", index, "]");
    v1::ClassifyTextRequest request;
    Violations violations;
    absl::Status parsed = ParseRequest(texts_[index], path, &request, &violations);
    if (!parsed.ok()) return parsed;
    request.clear_explain();
    return SortText(*classifier_, std::move(request), path, std::move(violations));
  }

  const grpc::Slice bytes_;  // the texts lie in it
  const std::vector<std::string_view> texts_;
  const std::shared_ptr<const classification::Classifier> classifier_;
  const std::unique_ptr<intake::Intake::Ticket> ticket_;
  UnaryCall* const call_;
  google::protobuf::Arena arena_;  // frees the verdicts' many small parts at once
  v1::BatchClassifyTextsResponse* const response_ =
      google::protobuf::Arena::CreateMessage<v1::BatchClassifyTextsResponse>(&arena_);
};

}  // namespace

absl::StatusOr<v1::ClassifyTextResponse> SortText(const classification::Classifier& classifier,
                                                  v1::ClassifyTextRequest&& request,
                                                  std::string_view path,
                                                  intake::Violations violations) {
  intake::ValidateText(request.title(), request.content(), path, &violations);
  ValidateFacts(request, path, &violations);
  const std::vector<domain::Instrument> instruments =
      FromProto(std::move(*request.mutable_instruments()), path, &violations);
  if (!violations.empty()) return intake::ToStatus(std::move(violations));
  classification::Input input{.title = request.title(), .content = request.content()};
  input.instruments = &instruments;
  if (request.has_persons_affected()) input.persons_affected = request.persons_affected();
  v1::ClassifyTextResponse answer;
  if (request.explain()) {
    domain::Explanation explanation;
    *answer.mutable_verdict() = ToProto(classifier.Classify(input, &explanation));
    *answer.mutable_explanation() = ToProto(explanation);
  } else {
    *answer.mutable_verdict() = ToProto(classifier.Classify(input));
  }
  return answer;
}

void ClassifyBatch(const grpc::ByteBuffer& bytes,
                   std::shared_ptr<const classification::Classifier> classifier,
                   intake::Intake* intake, UnaryCall* call) {
  grpc::Slice holder;
  absl::StatusOr<SplitBatch> batch = SplitRequest(bytes, kTexts, &holder);
  if (!batch.ok()) return call->Fail(batch.status());
  if (!call->TakeQuota(bytes.Length(), batch->items.size())) return;
  auto ticket = intake->Admit(bytes.Length(), batch->items.size());
  if (!ticket.ok()) return call->Fail(ticket.status());
  auto texts = std::make_shared<TextBatch>(std::move(holder), std::move(batch->items),
                                           std::move(classifier), *std::move(ticket), call);
  InTurns([texts] { return texts->Next(); });
}

}  // namespace supervision::rpc
