#pragma once

#include "grpcpp/support/byte_buffer.h"
#include "services/intake/intake.h"
#include "services/rpc/intake_door.h"
#include "services/rpc/unary_call.h"

namespace supervision::rpc {

// Submits each item by itself and answers `call` when the last one is answered. Never blocks.
void SubmitBatch(const Caller& caller, const grpc::ByteBuffer& bytes, intake::Intake* intake,
                 const IntakeDoor& door, UnaryCall* call);

}  // namespace supervision::rpc
