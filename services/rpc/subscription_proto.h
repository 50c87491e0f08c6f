#pragma once

#include <string>

#include "services/alerting/delivery_book.h"
#include "services/alerting/lag.h"
#include "services/intake/validation.h"
#include "services/ledger/subscription.h"
#include "supervision/v1/subscription_service.pb.h"

// Subscriptions between the API's messages and the values; see from_proto.h.
namespace supervision::rpc {

using intake::Violations;

void ValidateSubscriptionName(const std::string& name, std::string_view path,
                              Violations* violations);
// For how long it outlives its last reader; zero: for ever.
absl::Duration RetentionOf(bool given, const google::protobuf::Duration& proto,
                           std::string_view path, Violations* violations);
alerting::DeliveryBook::Window WindowOf(const v1::FlowWindow& proto, std::string_view path,
                                        Violations* violations);

v1::AlertFilter ToProto(const domain::Filter& filter);
v1::Subscription ToProto(const ledger::Subscription& subscription);
v1::SubscriptionLag ToProto(const alerting::Lag& lag, absl::Time now);

}  // namespace supervision::rpc
