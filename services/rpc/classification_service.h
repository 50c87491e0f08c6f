#pragma once

#include "services/classification/classifier_slot.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/classification_service.grpc.pb.h"

namespace supervision::rpc {

using RawClassificationService = v1::ClassificationService::WithRawCallbackMethod_ClassifyText<
    v1::ClassificationService::WithRawCallbackMethod_ListScenarios<
        v1::ClassificationService::Service>>;

// supervision.v1.ClassificationService. Thread-safe. The slot outlives it and is never empty.
class ClassificationService final : public RawClassificationService {
 public:
  ClassificationService(const Edge& edge, const classification::ClassifierSlot* classifiers)
      : edge_(edge), classifiers_(classifiers) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* ClassifyText(Context* context, const Bytes* request,
                                         Bytes* response) override;
  grpc::ServerUnaryReactor* ListScenarios(Context* context, const Bytes* request,
                                          Bytes* response) override;

  const Edge edge_;
  const classification::ClassifierSlot* const classifiers_;
};

}  // namespace supervision::rpc
