#pragma once

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "services/alerting/consumers.h"
#include "services/alerting/shares.h"
#include "services/rpc/unary_call.h"

namespace supervision::rpc {

// The reactor of one call of SubscriptionService.ConsumeAlerts; it deletes itself when the call is
// done.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ConsumeAlerts(
    const Edge& edge, alerting::Consumers* consumers, alerting::Shares* shares,
    grpc::CallbackServerContext* context);

}  // namespace supervision::rpc
