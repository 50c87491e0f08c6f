#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "services/domain/error.h"

// The one place where a failure becomes what a client reads (promise 8). A status made by
// domain::MakeError gives
//   * the code and short ASCII sentence of its reason's row, and
//   * google.rpc.Status in the trailer "grpc-status-details-bin" with ErrorInfo, RetryInfo when
//     there is a delay, LocalizedMessage zh-CN, and BadRequest with as many violations as fit.
// Any other status is a mistake of ours: it becomes INTERNAL, and its words stay here.
//
// gRPC 1.51 turns a trailer above 8 KB into RESOURCE_EXHAUSTED without a word of ours, so all of it
// together stays below kMaxStatusBytes whatever the request was.
namespace supervision::rpc {

inline constexpr size_t kMaxStatusBytes = 6 * 1024;

// The details as a message: what a batch's result carries.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// What a call is finished with.
grpc::Status ToGrpcStatus(const absl::Status& status);

// As above; also tells standard clients' retry policies when to come back ("grpc-retry-pushback-ms"
// in the trailing metadata). To be called once, before Finish.
grpc::Status ToGrpcStatus(const absl::Status& status, grpc::CallbackServerContext* context);

// The code as a word for metric labels: "OK", "INVALID_ARGUMENT", …
std::string_view CodeName(grpc::StatusCode code);

}  // namespace supervision::rpc
