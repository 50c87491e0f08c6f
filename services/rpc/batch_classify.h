#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/classification/classifier.h"
#include "services/intake/intake.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/classification_service.pb.h"

namespace supervision::rpc {

// The answer for one text; INVALID_REQUEST with everything that is wrong with it, beside what was
// found already. `path` is that of the message within the request: "" or "texts[7]".
absl::StatusOr<v1::ClassifyTextResponse> SortText(const classification::Classifier& classifier,
                                                  v1::ClassifyTextRequest&& request,
                                                  std::string_view path,
                                                  intake::Violations violations);

// Sorts every text of a BatchClassifyTextsRequest by one set and answers `call`. Takes room at
// intake for as long as that lasts; never blocks.
void ClassifyBatch(const grpc::ByteBuffer& bytes,
                   std::shared_ptr<const classification::Classifier> classifier,
                   intake::Intake* intake, UnaryCall* call);

}  // namespace supervision::rpc
