#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace supervision::rpc {

// How the message of a batch is laid out.
struct BatchShape {
  std::string_view name;       // of the field that holds the items
  uint32_t items = 0;          // its number
  uint32_t validate_only = 0;  // number of that field; 0: there is none
  uint32_t backfill = 0;       // likewise
};

// The items of a serialised batch, still serialised: split by the wire format alone, so that an
// item that cannot be parsed fails by itself.
struct SplitBatch {
  std::vector<std::string_view> items;
  bool validate_only = false;
  bool backfill = false;
};
// MALFORMED_MESSAGE when the bytes around the items are broken.
absl::StatusOr<SplitBatch> Split(std::string_view batch, const BatchShape& shape);

// The same of a request. BATCH_TOO_LARGE beyond the limits of a batch, INVALID_REQUEST when it is
// empty. The items lie in `holder`.
absl::StatusOr<SplitBatch> SplitRequest(const grpc::ByteBuffer& request, const BatchShape& shape,
                                        grpc::Slice* holder);

}  // namespace supervision::rpc
