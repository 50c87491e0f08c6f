#pragma once

#include "services/classification/classifier_slot.h"
#include "services/intake/intake.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/classification_service.grpc.pb.h"

namespace supervision::rpc {

using RawClassificationService = v1::ClassificationService::WithRawCallbackMethod_ClassifyText<
    v1::ClassificationService::WithRawCallbackMethod_BatchClassifyTexts<
        v1::ClassificationService::WithRawCallbackMethod_ListScenarios<
            v1::ClassificationService::Service>>>;

// supervision.v1.ClassificationService. Thread-safe. The slot, which is never empty, and the
// intake, of which batches take room, outlive it.
class ClassificationService final : public RawClassificationService {
 public:
  ClassificationService(const Edge& edge, const classification::ClassifierSlot* classifiers,
                        intake::Intake* intake)
      : edge_(edge), classifiers_(classifiers), intake_(intake) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* ClassifyText(Context* context, const Bytes* request,
                                         Bytes* response) override;
  grpc::ServerUnaryReactor* BatchClassifyTexts(Context* context, const Bytes* request,
                                               Bytes* response) override;
  grpc::ServerUnaryReactor* ListScenarios(Context* context, const Bytes* request,
                                          Bytes* response) override;

  const Edge edge_;
  const classification::ClassifierSlot* const classifiers_;
  intake::Intake* const intake_;
};

}  // namespace supervision::rpc
