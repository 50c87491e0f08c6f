#pragma once

#include "grpcpp/support/server_callback.h"
#include "services/ledger/ledger.h"
#include "services/ledger/silence_desk.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/silence_service.grpc.pb.h"

namespace supervision::rpc {

using RawSilenceService = v1::SilenceService::WithRawCallbackMethod_CreateSilence<
    v1::SilenceService::WithRawCallbackMethod_PreviewSilence<
        v1::SilenceService::WithRawCallbackMethod_ExpireSilence<
            v1::SilenceService::WithRawCallbackMethod_ExtendSilence<
                v1::SilenceService::WithRawCallbackMethod_GetSilence<
                    v1::SilenceService::WithRawCallbackMethod_ListSilences<
                        v1::SilenceService::Service>>>>>>;

// supervision.v1.SilenceService. Thread-safe. The ledger outlives it.
class SilenceService final : public RawSilenceService {
 public:
  SilenceService(const Edge& edge, ledger::Ledger* ledger)
      : edge_(edge), ledger_(ledger), desk_(ledger) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* CreateSilence(Context* context, const Bytes* request,
                                          Bytes* response) override;
  grpc::ServerUnaryReactor* PreviewSilence(Context* context, const Bytes* request,
                                           Bytes* response) override;
  grpc::ServerUnaryReactor* ExpireSilence(Context* context, const Bytes* request,
                                          Bytes* response) override;
  grpc::ServerUnaryReactor* ExtendSilence(Context* context, const Bytes* request,
                                          Bytes* response) override;
  grpc::ServerUnaryReactor* GetSilence(Context* context, const Bytes* request,
                                       Bytes* response) override;
  grpc::ServerUnaryReactor* ListSilences(Context* context, const Bytes* request,
                                         Bytes* response) override;

  const Edge edge_;
  ledger::Ledger* const ledger_;
  ledger::SilenceDesk desk_;
};

}  // namespace supervision::rpc
