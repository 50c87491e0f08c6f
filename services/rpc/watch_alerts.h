#pragma once

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "services/alerting/hub.h"
#include "services/rpc/unary_call.h"

namespace supervision::rpc {

// The reactor of one call of AlertService.WatchAlerts; it deletes itself when the call is done.
grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchAlerts(const Edge& edge, alerting::Hub* hub,
                                                        grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer& bytes);

}  // namespace supervision::rpc
