#include "services/rpc/batch_submit.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/arena.h"
#include "grpcpp/alarm.h"
#include "services/domain/error.h"
#include "services/rpc/bytes.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/parse.h"
#include "services/rpc/status.h"
#include "services/rpc/to_proto.h"
#include "services/rpc/wire_reader.h"

namespace supervision::rpc {
namespace {

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

absl::Status TooLarge(std::string_view limit, size_t value) {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kBatchTooLarge;
  detail.metadata.emplace_back(limit, absl::StrCat(value));
  return domain::MakeError(std::move(detail));
}

absl::StatusOr<SplitBatch> SplitWithinLimits(std::string_view bytes) {
  if (bytes.size() > intake::kMaxBatchBytes) {
    return TooLarge("limit_bytes", intake::kMaxBatchBytes);
  }
  absl::StatusOr<SplitBatch> batch = Split(bytes);
  if (batch.ok() && batch->items.size() > intake::kMaxBatchItems) {
    return TooLarge("limit_items", intake::kMaxBatchItems);
  }
  if (batch.ok() && batch->items.empty()) {
    domain::ErrorDetail detail;
    detail.reason = domain::Reason::kInvalidRequest;
    detail.violations.push_back(
        {"items", "is empty; send 1 to 500 clues", "批量为空；请提交 1 至 500 条线索"});
    return domain::MakeError(std::move(detail));
  }
  return batch;
}

// The items of one batch on their way to intake. Sorting takes its time, and gRPC may have two
// threads in all: after kTurn the rest waits until other calls have had theirs.
class BatchWork : public std::enable_shared_from_this<BatchWork> {
 public:
  BatchWork(const Caller& caller, grpc::Slice bytes, SplitBatch batch, intake::Intake* intake,
            std::shared_ptr<Collector> collector)
      : caller_(caller),
        bytes_(std::move(bytes)),
        batch_(std::move(batch)),
        intake_(intake),
        collector_(std::move(collector)) {}

  void Go() {
    const absl::Time end = absl::Now() + kTurn;
    while (next_ < batch_.items.size()) {
      Submit(next_++);
      if (absl::Now() >= end && next_ < batch_.items.size()) return GoOnLater();
    }
  }

 private:
  static constexpr absl::Duration kTurn = absl::Milliseconds(2);

  // An alarm keeps its callback for as long as it lives, so the callback may not own the work that
  // owns the alarm: the work holds itself until its next turn.
  void GoOnLater() {
    until_next_turn_ = shared_from_this();
    alarm_.Set(std::chrono::system_clock::now(), [this](bool /*ok*/) {
      const std::shared_ptr<BatchWork> self = std::move(until_next_turn_);
      self->Go();
    });
  }
  void Submit(size_t index);

  const Caller caller_;
  const grpc::Slice bytes_;  // the items lie in it
  const SplitBatch batch_;
  intake::Intake* const intake_;
  const std::shared_ptr<Collector> collector_;
  size_t next_ = 0;
  std::shared_ptr<BatchWork> until_next_turn_;
  grpc::Alarm alarm_;
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
  intake_->Submit(std::move(submit), caller_.timeout,
                  [collector = collector_, index](const absl::StatusOr<ledger::Receipt>& receipt) {
                    collector->Set(index, receipt);
                  });
}

}  // namespace

absl::StatusOr<SplitBatch> Split(std::string_view batch) {
  constexpr uint32_t kItems = v1::BatchSubmitCluesRequest::kItemsFieldNumber;
  constexpr uint32_t kValidateOnly = v1::BatchSubmitCluesRequest::kValidateOnlyFieldNumber;
  SplitBatch split;
  WireReader reader(batch);
  while (reader.Next()) {
    const WireReader::Field& field = reader.field();
    if (field.number == kItems && field.type == WireReader::Type::kBytes) {
      split.items.push_back(field.bytes);
    } else if (field.number == kValidateOnly && field.type == WireReader::Type::kVarint) {
      split.validate_only = field.varint != 0;
    }
  }
  if (!reader.ok()) return domain::MakeError(domain::Reason::kMalformedMessage);
  return split;
}

void SubmitBatch(const Caller& caller, const grpc::ByteBuffer& bytes, intake::Intake* intake,
                 const IntakeDoor& door, UnaryCall* call) {
  if (bytes.Length() > intake::kMaxBatchBytes) {
    return call->Fail(TooLarge("limit_bytes", intake::kMaxBatchBytes));
  }
  grpc::Slice holder;
  absl::StatusOr<SplitBatch> batch = SplitWithinLimits(Flatten(bytes, &holder));
  if (!batch.ok()) return call->Fail(batch.status());
  if (absl::Status open = door.Check(); !open.ok() && !batch->validate_only) {
    return call->Fail(open);
  }
  auto ticket = intake->Admit(bytes.Length(), batch->items.size());
  if (!ticket.ok()) return call->Fail(ticket.status());
  auto collector = std::make_shared<Collector>(call, *std::move(ticket), batch->items.size());
  std::make_shared<BatchWork>(caller, std::move(holder), *std::move(batch), intake,
                              std::move(collector))
      ->Go();
}

}  // namespace supervision::rpc
