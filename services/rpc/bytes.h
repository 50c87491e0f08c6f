#pragma once

#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "services/alerting/encoder.h"

namespace supervision::rpc {

// The bytes of a received message in one piece; `holder` keeps them.
std::string_view Flatten(const grpc::ByteBuffer& buffer, grpc::Slice* holder);

// A message as gRPC sends it.
grpc::ByteBuffer Serialise(const google::protobuf::Message& message);

// One message made of pieces. Long pieces are shared, not copied: a thousand monitors that wait at
// one place hold them once. Short ones are copied together: sharing costs more than they weigh.
grpc::ByteBuffer Join(const std::vector<alerting::SharedBytes>& pieces);

}  // namespace supervision::rpc
