#include "services/rpc/batch_split.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/domain/error.h"
#include "services/intake/validation.h"
#include "services/rpc/bytes.h"
#include "services/rpc/wire_reader.h"

namespace supervision::rpc {
namespace {

absl::Status TooLarge(std::string_view limit, size_t value) {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kBatchTooLarge;
  detail.metadata.emplace_back(limit, absl::StrCat(value));
  return domain::MakeError(std::move(detail));
}

}  // namespace

absl::StatusOr<SplitBatch> Split(std::string_view batch, const BatchShape& shape) {
  SplitBatch split;
  WireReader reader(batch);
  while (reader.Next()) {
    const WireReader::Field& field = reader.field();
    if (field.number == shape.items && field.type == WireReader::Type::kBytes) {
      split.items.push_back(field.bytes);
    } else if (field.number == shape.validate_only && field.type == WireReader::Type::kVarint) {
      split.validate_only = field.varint != 0;
    } else if (field.number == shape.backfill && field.type == WireReader::Type::kVarint) {
      split.backfill = field.varint != 0;
    }
  }
  if (!reader.ok()) return domain::MakeError(domain::Reason::kMalformedMessage);
  return split;
}

absl::StatusOr<SplitBatch> SplitRequest(const grpc::ByteBuffer& request, const BatchShape& shape,
                                        grpc::Slice* holder) {
  if (request.Length() > intake::kMaxBatchBytes) {
    return TooLarge("limit_bytes", intake::kMaxBatchBytes);
  }
  absl::StatusOr<SplitBatch> batch = Split(Flatten(request, holder), shape);
  if (batch.ok() && batch->items.size() > intake::kMaxBatchItems) {
    return TooLarge("limit_items", intake::kMaxBatchItems);
  }
  if (batch.ok() && batch->items.empty()) {
    domain::ErrorDetail detail;
    detail.reason = domain::Reason::kInvalidRequest;
    detail.violations.push_back({std::string(shape.name), "is empty; send 1 to 500 items",
                                 "批量为空；每次须有 1 至 500 条"});
    return domain::MakeError(std::move(detail));
  }
  return batch;
}

}  // namespace supervision::rpc
