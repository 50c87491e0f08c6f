#pragma once

#include "grpcpp/support/server_callback.h"
#include "services/classification/classifier_slot.h"
#include "services/ledger/ledger.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/review_service.grpc.pb.h"

namespace supervision::rpc {

using RawReviewService = v1::ReviewService::WithRawCallbackMethod_ListReviewQueue<
    v1::ReviewService::WithRawCallbackMethod_ClaimReview<
        v1::ReviewService::WithRawCallbackMethod_ReleaseReview<
            v1::ReviewService::WithRawCallbackMethod_CorrectVerdict<
                v1::ReviewService::WithRawCallbackMethod_ReclassifyClue<
                    v1::ReviewService::WithRawCallbackMethod_ListCorrections<
                        v1::ReviewService::Service>>>>>>;

// supervision.v1.ReviewService. Thread-safe. The ledger and the slot, which is never empty, outlive
// it.
class ReviewService final : public RawReviewService {
 public:
  ReviewService(const Edge& edge, ledger::Ledger* ledger,
                const classification::ClassifierSlot* classifiers)
      : edge_(edge), ledger_(ledger), classifiers_(classifiers) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* ListReviewQueue(Context* context, const Bytes* request,
                                            Bytes* response) override;
  grpc::ServerUnaryReactor* ClaimReview(Context* context, const Bytes* request,
                                        Bytes* response) override;
  grpc::ServerUnaryReactor* ReleaseReview(Context* context, const Bytes* request,
                                          Bytes* response) override;
  grpc::ServerUnaryReactor* CorrectVerdict(Context* context, const Bytes* request,
                                           Bytes* response) override;
  // review_reclassify.cc
  grpc::ServerUnaryReactor* ReclassifyClue(Context* context, const Bytes* request,
                                           Bytes* response) override;
  grpc::ServerUnaryReactor* ListCorrections(Context* context, const Bytes* request,
                                            Bytes* response) override;

  const Edge edge_;
  ledger::Ledger* const ledger_;
  const classification::ClassifierSlot* const classifiers_;
};

}  // namespace supervision::rpc
