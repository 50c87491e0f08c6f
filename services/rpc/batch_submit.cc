#include "services/rpc/batch_submit.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "services/ledger/deadline.h"
#include "services/rpc/batch_split.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/parse.h"
#include "services/rpc/status.h"
#include "services/rpc/to_proto.h"
#include "services/rpc/turns.h"

namespace supervision::rpc {
namespace {

constexpr BatchShape kClues = {
    .name = "items",
    .items = v1::BatchSubmitCluesRequest::kItemsFieldNumber,
    .validate_only = v1::BatchSubmitCluesRequest::kValidateOnlyFieldNumber,
    .backfill = v1::BatchSubmitCluesRequest::kBackfillFieldNumber};

// Collects the results. Each item writes its own place once; the last one answers.
class Collector {
 public:
  Collector(UnaryCall* call, std::shared_ptr<intake::Intake::Ticket> ticket, size_t items)
      : call_(call), ticket_(std::move(ticket)), open_(items) {
    for (size_t i = 0; i < items; ++i) response_->add_results();
  }

  void Set(size_t index, const absl::StatusOr<ledger::Receipt>& receipt) {
    auto* const result = response_->mutable_results(static_cast<int>(index));
    if (receipt.ok()) {
      ToProto(*receipt, result->mutable_receipt());
    } else {
      *result->mutable_error() = ToRpcStatus(receipt.status());
    }
    if (open_.fetch_sub(1, std::memory_order_acq_rel) == 1) call_->Answer(*response_);
  }

 private:
  UnaryCall* const call_;
  const std::shared_ptr<intake::Intake::Ticket> ticket_;
  google::protobuf::Arena arena_;  // thread-safe; frees the results' many small parts at once
  v1::BatchSubmitCluesResponse* const response_ =
      google::protobuf::Arena::CreateMessage<v1::BatchSubmitCluesResponse>(&arena_);
  std::atomic<size_t> open_;
};

// The items of one batch on their way to intake.
class BatchWork {
 public:
  BatchWork(const Caller& caller, grpc::Slice bytes, SplitBatch batch, intake::Intake* intake,
            std::shared_ptr<Collector> collector)
      : caller_(caller),
        bytes_(std::move(bytes)),
        batch_(std::move(batch)),
        intake_(intake),
        collector_(std::move(collector)) {}

  // Submits the next one; whether any is left.
  bool Next() {
    Submit(next_++);
    return next_ < batch_.items.size();
  }

 private:
  void Submit(size_t index);

  const Caller caller_;
  const ledger::Deadline deadline_{caller_.timeout};  // of all items together
  const grpc::Slice bytes_;                           // the items lie in it
  const SplitBatch batch_;
  intake::Intake* const intake_;
  const std::shared_ptr<Collector> collector_;
  size_t next_ = 0;
};

void BatchWork::Submit(size_t index) {
  intake::Intake::SubmitRequest submit;
  submit.path = absl::StrCat("items[", index, "]");
  v1::BatchSubmitCluesRequest::Item item;
  const absl::Status parsed =
      ParseRequest(batch_.items[index], submit.path, &item, &submit.violations);
  if (!parsed.ok()) return collector_->Set(index, parsed);
  submit.partner = caller_.principal->partner;
  submit.request_id = std::move(*item.mutable_request_id());
  submit.content =
      FromProto(std::move(*item.mutable_clue()), JoinPath(submit.path, "clue"), &submit.violations);
  submit.validate_only = batch_.validate_only;
  submit.backfill = batch_.backfill;
  submit.trace_parent = caller_.trace_parent;
  intake_->Submit(std::move(submit), deadline_.left(),
                  [collector = collector_, index](const absl::StatusOr<ledger::Receipt>& receipt) {
                    collector->Set(index, receipt);
                  });
}

}  // namespace

void SubmitBatch(const Caller& caller, const grpc::ByteBuffer& bytes, intake::Intake* intake,
                 const IntakeDoor& door, UnaryCall* call) {
  grpc::Slice holder;
  absl::StatusOr<SplitBatch> batch = SplitRequest(bytes, kClues, &holder);
  if (!batch.ok()) return call->Fail(batch.status());
  if (!call->TakeQuota(bytes.Length(), batch->items.size())) return;
  if (absl::Status may = MayBackfill(caller, batch->backfill); !may.ok()) return call->Fail(may);
  if (absl::Status open = door.Check(); !open.ok() && !batch->validate_only) {
    return call->Fail(open);
  }
  auto ticket = intake->Admit(bytes.Length(), batch->items.size());
  if (!ticket.ok()) return call->Fail(ticket.status());
  auto collector = std::make_shared<Collector>(call, *std::move(ticket), batch->items.size());
  auto work = std::make_shared<BatchWork>(caller, std::move(holder), *std::move(batch), intake,
                                          std::move(collector));
  InTurns([work] { return work->Next(); });
}

}  // namespace supervision::rpc
