#pragma once

#include <memory>
#include <utility>

#include "grpcpp/support/server_callback.h"
#include "services/alerting/ledger_source.h"
#include "services/ledger/ledger.h"
#include "services/ledger/sharing_desk.h"
#include "services/ledger/silence_desk.h"
#include "services/ledger/subscription_desk.h"
#include "services/rpc/route_view.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/delivery_service.grpc.pb.h"

namespace supervision::rpc {

using RawDeliveryService =
    v1::DeliveryService::WithRawCallbackMethod_ExplainDelivery<v1::DeliveryService::Service>;

// supervision.v1.DeliveryService. Thread-safe. The ledger outlives it.
class DeliveryService final : public RawDeliveryService {
 public:
  DeliveryService(const Edge& edge, ledger::Ledger* ledger, RouteView routes)
      : edge_(edge),
        routes_(std::move(routes)),
        silences_(ledger),
        subscriptions_(ledger),
        sharing_(ledger),
        source_(ledger) {}

 private:
  struct Question;

  grpc::ServerUnaryReactor* ExplainDelivery(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  void AskSubscription(const std::shared_ptr<Question>& question);
  void AskShares(const std::shared_ptr<Question>& question);
  void AskPlace(const std::shared_ptr<Question>& question);

  const Edge edge_;
  const RouteView routes_;
  ledger::SilenceDesk silences_;
  ledger::SubscriptionDesk subscriptions_;
  ledger::SharingDesk sharing_;
  alerting::LedgerSource source_;
};

}  // namespace supervision::rpc
