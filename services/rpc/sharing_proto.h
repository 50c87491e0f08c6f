#pragma once

#include <optional>
#include <string_view>

#include "services/intake/validation.h"
#include "services/ledger/sharing.h"
#include "supervision/v1/sharing.pb.h"

// Shared subscriptions between the API's messages and the values; see from_proto.h.
namespace supervision::rpc {

using intake::Violations;

// The rules with their defaults.
ledger::SharingRules FromProto(const v1::SharingRules& proto, std::string_view path,
                               Violations* violations);
// Of a subscription to be made; nothing: it is exclusive.
std::optional<ledger::SharingRules> SharingOf(v1::SubscriptionMode mode, bool given,
                                              const v1::SharingRules& proto, std::string_view path,
                                              Violations* violations);
v1::SharingRules ToProto(const ledger::SharingRules& rules);
v1::SharingState ToProto(const ledger::ShareState& state);

// The common place, and what is settled one by one behind it. Both of one look: of two, what the
// place passed meanwhile would count as not settled.
ledger::Progress ProgressOf(const ledger::ShareState& state);

// How long a rejected alert is not to come again.
absl::Duration DelayOf(const v1::Rejection& proto, Violations* violations);

}  // namespace supervision::rpc
