#pragma once

#include <string>

#include "services/alerting/lag.h"
#include "services/domain/alert.h"
#include "services/domain/visibility.h"
#include "services/ledger/subscription.h"
#include "services/rpc/route_view.h"
#include "supervision/v1/delivery_service.pb.h"

// The steps by which an alert is told or not, as a person reads them.
namespace supervision::rpc {

// An alert with the marks of its version, by which it was told, and the same with those of the
// silences that hide it now as well.
struct AlertAndNow {
  domain::Alert as_told;
  domain::Alert now;
};

// Scope, filter, silence, route and delivery, up to the first that keeps the alert back. Returns
// whether none does. A silence made since keeps nothing back that was told before.
bool AddSteps(const AlertAndNow& both, const std::string& principal, const domain::Scope& scope,
              const domain::Filter& filter, const RouteView& routes,
              v1::ExplainDeliveryResponse* answer);

// Whether the subscription has acknowledged it, by what was counted behind its place. Unknown where
// the place may have passed what nobody was told: by another filter, or over history that is gone.
void AddAcknowledgement(const domain::Alert& alert, const ledger::Subscription& subscription,
                        const alerting::Lag& lag, v1::ExplainDeliveryResponse* answer);

}  // namespace supervision::rpc
