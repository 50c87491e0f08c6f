#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server.h"
#include "services/config/server_settings.h"
#include "services/rpc/admin_service.h"
#include "services/rpc/alert_service.h"
#include "services/rpc/classification_service.h"
#include "services/rpc/clue_service.h"
#include "services/rpc/delivery_service.h"
#include "services/rpc/keep_awake.h"
#include "services/rpc/review_service.h"
#include "services/rpc/silence_service.h"
#include "services/rpc/subscription_service.h"
#include "services/security/slots.h"

namespace supervision::server {

// The gRPC server with all its services, health and reflection.
class Front {
 public:
  // What the services work with; all outlive the front.
  struct Parts {
    rpc::Edge edge;
    rpc::ClueService::Parts clues;
    alerting::Hub* hub = nullptr;
    rpc::SubscriptionService::Parts subscriptions;
    const classification::ClassifierSlot* classifiers = nullptr;
    rpc::AdminService::Report report;
    rpc::AdminService::Reload reload;
    rpc::ShadowView shadow;
    rpc::RouteView routes;
    const security::TlsSlot* tls = nullptr;  // used where the settings say so
  };
  explicit Front(const Parts& parts);
  ~Front();  // stops at once

  // Listens and serves. UNAVAILABLE when the address cannot be listened on.
  absl::Status Listen(const config::ServerSettings& settings);

  // Where it listens, with the chosen port.
  const std::string& address() const { return address_; }
  grpc::HealthCheckServiceInterface* health();

  void DrainStreams() { clue_service_.DrainStreams(); }
  // Takes no more calls; cancels what is still under way after `patience`, and returns when the
  // last call is done. Safe to call twice.
  void Stop(absl::Duration patience);

 private:
  rpc::ClueService clue_service_;
  rpc::ClassificationService classification_service_;
  rpc::AlertService alert_service_;
  rpc::ReviewService review_service_;
  rpc::DeliveryService delivery_service_;
  rpc::SilenceService silence_service_;
  rpc::SubscriptionService subscription_service_;
  rpc::AdminService admin_service_;
  const security::TlsSlot* const tls_;
  // gRPC asks them for certificates as long as the server lives, and does not hold them.
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<rpc::KeepAwake> keep_awake_;
};

}  // namespace supervision::server
