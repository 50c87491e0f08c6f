#pragma once

#include "grpcpp/support/server_callback.h"
#include "services/alerting/consumers.h"
#include "services/alerting/ledger_source.h"
#include "services/alerting/shares.h"
#include "services/ledger/deadline.h"
#include "services/ledger/ledger.h"
#include "services/ledger/sharing_desk.h"
#include "services/ledger/subscription_desk.h"
#include "services/rpc/unary_call.h"
#include "supervision/v1/subscription_service.grpc.pb.h"

namespace supervision::rpc {

using RawSubscriptionService = v1::SubscriptionService::WithRawCallbackMethod_CreateSubscription<
    v1::SubscriptionService::WithRawCallbackMethod_GetSubscription<
        v1::SubscriptionService::WithRawCallbackMethod_ListSubscriptions<
            v1::SubscriptionService::WithRawCallbackMethod_UpdateSubscription<
                v1::SubscriptionService::WithRawCallbackMethod_DeleteSubscription<
                    v1::SubscriptionService::WithRawCallbackMethod_ConsumeAlerts<
                        v1::SubscriptionService::WithRawCallbackMethod_ListDeadLetters<
                            v1::SubscriptionService::WithRawCallbackMethod_ReplayDeadLetters<
                                v1::SubscriptionService::WithRawCallbackMethod_DropDeadLetters<
                                    v1::SubscriptionService::Service>>>>>>>>>;

// supervision.v1.SubscriptionService. Thread-safe. Consumers, shares and ledger outlive it.
class SubscriptionService final : public RawSubscriptionService {
 public:
  struct Parts {
    alerting::Consumers* consumers = nullptr;
    alerting::Shares* shares = nullptr;
    ledger::Ledger* ledger = nullptr;
    int quota = 0;  // subscriptions of one principal
  };
  SubscriptionService(const Edge& edge, const Parts& parts)
      : edge_(edge),
        consumers_(parts.consumers),
        shares_(parts.shares),
        ledger_(parts.ledger),
        desk_(parts.ledger),
        sharing_(parts.ledger),
        source_(parts.ledger),
        quota_(parts.quota) {}

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  grpc::ServerUnaryReactor* CreateSubscription(Context* context, const Bytes* request,
                                               Bytes* response) override;
  grpc::ServerUnaryReactor* GetSubscription(Context* context, const Bytes* request,
                                            Bytes* response) override;
  grpc::ServerUnaryReactor* ListSubscriptions(Context* context, const Bytes* request,
                                              Bytes* response) override;
  // Whether the call may change what the caller's principal is told. A token that sees less than
  // the principal may not, and the call has been answered then.
  bool MayChange(UnaryCall* call, const Caller& caller) const;

  grpc::ServerUnaryReactor* UpdateSubscription(Context* context, const Bytes* request,
                                               Bytes* response) override;
  grpc::ServerUnaryReactor* DeleteSubscription(Context* context, const Bytes* request,
                                               Bytes* response) override;
  grpc::ServerBidiReactor<Bytes, Bytes>* ConsumeAlerts(Context* context) override;

  struct Answer;  // of GetSubscription, in the making
  void AddSharing(const std::shared_ptr<Answer>& answer);
  void AddLag(const std::shared_ptr<Answer>& answer);

  // Dead letters; see dead_letters.cc.
  struct LetterPage;
  struct Replay;
  grpc::ServerUnaryReactor* ListDeadLetters(Context* context, const Bytes* request,
                                            Bytes* response) override;
  grpc::ServerUnaryReactor* ReplayDeadLetters(Context* context, const Bytes* request,
                                              Bytes* response) override;
  grpc::ServerUnaryReactor* DropDeadLetters(Context* context, const Bytes* request,
                                            Bytes* response) override;
  void FindLetters(
      const ledger::SubscriptionKey& key, const ledger::Deadline& deadline,
      ledger::Ledger::Callback<std::pair<ledger::Subscription, ledger::DeadLetters>> callback);
  void AddLetters(const std::shared_ptr<LetterPage>& page);
  void LookForHistory(const std::shared_ptr<Replay>& replay);
  void ReplayAll(const std::shared_ptr<Replay>& replay);

  void FindStart(const v1::CreateSubscriptionRequest& request, absl::Duration timeout,
                 ledger::Ledger::Callback<ledger::Place> callback);

  const Edge edge_;
  alerting::Consumers* const consumers_;
  alerting::Shares* const shares_;
  ledger::Ledger* const ledger_;
  ledger::SubscriptionDesk desk_;
  ledger::SharingDesk sharing_;
  alerting::LedgerSource source_;
  const int quota_;
};

}  // namespace supervision::rpc
