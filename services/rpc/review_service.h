#pragma once

#include "grpcpp/support/server_callback.h"
#include "services/ledger/ledger.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/review_service.grpc.pb.h"

namespace supervision::rpc {

using RawReviewService = v1::ReviewService::WithRawCallbackMethod_ListReviewQueue<
    v1::ReviewService::WithRawCallbackMethod_ClaimReview<
        v1::ReviewService::WithRawCallbackMethod_ReleaseReview<
            v1::ReviewService::WithRawCallbackMethod_CorrectVerdict<
                v1::ReviewService::WithRawCallbackMethod_ListCorrections<
                    v1::ReviewService::Service>>>>>;

// supervision.v1.ReviewService. Thread-safe. The ledger outlives it.
class ReviewService final : public RawReviewService {
 public:
  ReviewService(const Edge& edge, ledger::Ledger* ledger) : edge_(edge), ledger_(ledger) {}

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
  grpc::ServerUnaryReactor* ListCorrections(Context* context, const Bytes* request,
                                            Bytes* response) override;

  const Edge edge_;
  ledger::Ledger* const ledger_;
};

}  // namespace supervision::rpc
