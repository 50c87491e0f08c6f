#pragma once

#include "grpcpp/support/server_callback.h"
#include "services/classification/classifier_slot.h"
#include "services/intake/intake.h"
#include "services/ledger/ledger.h"
#include "services/rpc/intake_door.h"
#include "services/rpc/stream_clues.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/clue_service.grpc.pb.h"

namespace supervision::rpc {

// Every method takes raw bytes: what gRPC cannot parse it answers itself, without a word.
template <typename Base>
using RawClueChanges = v1::ClueService::WithRawCallbackMethod_SubmitClue<
    v1::ClueService::WithRawCallbackMethod_BatchSubmitClues<
        v1::ClueService::WithRawCallbackMethod_StreamClues<
            v1::ClueService::WithRawCallbackMethod_ReviseClue<
                v1::ClueService::WithRawCallbackMethod_WithdrawClue<Base>>>>>;
using RawClueService = RawClueChanges<v1::ClueService::WithRawCallbackMethod_GetClue<
    v1::ClueService::WithRawCallbackMethod_ListClues<v1::ClueService::Service>>>;

// supervision.v1.ClueService. Thread-safe.
class ClueService final : public RawClueService {
 public:
  // What the methods work with; all outlive the service.
  struct Parts {
    intake::Intake* intake = nullptr;
    ledger::Ledger* ledger = nullptr;
    const IntakeDoor* door = nullptr;
    const classification::ClassifierSlot* classifiers = nullptr;  // never empty
  };
  ClueService(const Edge& edge, const Parts& parts) : edge_(edge), parts_(parts) {}

  // Open streams of clues stop reading, answer what they have taken and end with DRAINING.
  void DrainStreams() { streams_.Drain(edge_.gate->DrainingError()); }

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* SubmitClue(Context* context, const Bytes* request,
                                       Bytes* response) override;
  grpc::ServerUnaryReactor* BatchSubmitClues(Context* context, const Bytes* request,
                                             Bytes* response) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* StreamClues(Context* context) override;
  grpc::ServerUnaryReactor* ReviseClue(Context* context, const Bytes* request,
                                       Bytes* response) override;
  grpc::ServerUnaryReactor* WithdrawClue(Context* context, const Bytes* request,
                                         Bytes* response) override;
  grpc::ServerUnaryReactor* GetClue(Context* context, const Bytes* request,
                                    Bytes* response) override;
  grpc::ServerUnaryReactor* ListClues(Context* context, const Bytes* request,
                                      Bytes* response) override;

  const Edge edge_;
  const Parts parts_;
  ClueStreams streams_;
};

}  // namespace supervision::rpc
