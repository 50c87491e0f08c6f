#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "services/domain/silence.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/open_streams.h"
#include "supervision/v1/silence_service.pb.h"

// The messages of SilenceService to and from the values behind them.
namespace supervision::rpc {

// Everything of a silence but its author, and its receivers where none are named.
domain::Silence FromProto(const v1::CreateSilenceRequest& request, absl::Time now,
                          Violations* violations);
// Whether nothing speaks against the request but that its end has passed: it may have been in time
// when it was sent first.
bool OnlyItsEndHasPassed(const v1::CreateSilenceRequest& request, absl::Time now,
                         const Violations& violations);
// What a silence would be about.
domain::Silence FromProto(const v1::PreviewSilenceRequest& request, Violations* violations);
absl::Time NewEndOf(const v1::ExtendSilenceRequest& request, absl::Time now,
                    Violations* violations);
v1::Silence ToProto(const domain::Silence& silence, absl::Time now);

// Whether the caller answers for a silence: its author does, and a supervisor who sees all that its
// author saw. So much an author must see too whose token is narrower than the principal
// (`sees_all` is false).
std::function<bool(const domain::Silence&)> MayChange(const Caller& caller, bool sees_all);
// Who answers for it may read it, and from whom it hides.
std::function<bool(const domain::Silence&)> MayRead(const Caller& caller, bool sees_all);

}  // namespace supervision::rpc
