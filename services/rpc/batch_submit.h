#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/intake/intake.h"
#include "services/rpc/intake_door.h"
#include "services/rpc/unary_call.h"

namespace supervision::rpc {

// The items of a serialised BatchSubmitCluesRequest, still serialised: split by the wire format
// alone, so that an item that cannot be parsed fails by itself.
struct SplitBatch {
  std::vector<std::string_view> items;
  bool validate_only = false;
};
// MALFORMED_MESSAGE when the bytes around the items are broken.
absl::StatusOr<SplitBatch> Split(std::string_view batch);

// Submits each item by itself and answers `call` when the last one is answered. Never blocks.
void SubmitBatch(const Caller& caller, const grpc::ByteBuffer& bytes, intake::Intake* intake,
                 const IntakeDoor& door, UnaryCall* call);

}  // namespace supervision::rpc
