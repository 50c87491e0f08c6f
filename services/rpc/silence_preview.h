#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "services/domain/silence.h"
#include "services/ledger/ledger.h"
#include "supervision/v1/silence_service.pb.h"

namespace supervision::rpc {

// What `silence`, as its author would make it, would hide: walks the lists of alerts that match, a
// bounded number of pages of each. `ledger` outlives the callback, which runs once.
void PreviewSilence(ledger::Ledger* ledger, domain::Silence silence, absl::Duration timeout,
                    std::function<void(absl::StatusOr<v1::PreviewSilenceResponse>)> callback);

}  // namespace supervision::rpc
