#pragma once

#include <optional>
#include <string_view>

#include "services/domain/clue.h"
#include "services/domain/visibility.h"
#include "services/intake/validation.h"
#include "services/ledger/types.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/classification_service.pb.h"
#include "supervision/v1/clue.pb.h"
#include "supervision/v1/clue_service.pb.h"
#include "supervision/v1/review_service.pb.h"

// API messages to domain values. What a domain value cannot hold (a date that does not exist, a
// number that is no enum value) becomes a violation at the field's path; whether the value makes
// sense is intake's to judge. Conditions of lists and streams are judged here: nobody below does.
// Messages are taken by rvalue: their texts are moved.
namespace supervision::rpc {

using intake::Violations;

domain::ClueContent FromProto(v1::ClueContent&& proto, std::string_view path,
                              Violations* violations);

std::vector<domain::Instrument> FromProto(
    google::protobuf::RepeatedPtrField<v1::Instrument>&& proto, std::string_view path,
    Violations* violations);

std::optional<absl::CivilDay> FromProto(const v1::CivilDate& proto, std::string_view path,
                                        Violations* violations);

domain::Filter FromProto(const v1::AlertFilter& proto, std::string_view path,
                         Violations* violations);

// Everything of a query but the scope.
ledger::ListQuery FromProto(v1::ListCluesRequest&& proto, Violations* violations);
ledger::ListQuery FromProto(v1::ListAlertsRequest&& proto, Violations* violations);

ledger::ListQuery FromProto(v1::ListCorrectionsRequest&& proto, Violations* violations);
// Everything of a query but the scope and the caller.
ledger::ReviewQuery FromProto(v1::ListReviewQueueRequest&& proto, Violations* violations);
// Everything of a correction but who makes it.
ledger::CorrectionRequest FromProto(v1::CorrectVerdictRequest&& proto, Violations* violations);
// Everything of a step of an alert's life but who takes it, through which scope, and what the owner
// sees.
ledger::AlertStepRequest FromProto(v1::AcknowledgeAlertRequest&& proto, Violations* violations);
ledger::AlertStepRequest FromProto(v1::UnacknowledgeAlertRequest&& proto, Violations* violations);
ledger::AlertStepRequest FromProto(v1::AssignAlertRequest&& proto, Violations* violations);
ledger::AlertStepRequest FromProto(v1::ResolveAlertRequest&& proto, Violations* violations);
ledger::AlertStepRequest FromProto(v1::ReopenAlertRequest&& proto, Violations* violations);
// For how long a clue is claimed.
absl::Duration LeaseOf(const v1::ClaimReviewRequest& proto, Violations* violations);
// The id of a clue or an alert that a request must name.
void ValidateKey(const std::string& value, std::string_view path, Violations* violations);

// How long a stream may be quiet; zero: the server's setting.
absl::Duration BookmarkInterval(bool given, const google::protobuf::Duration& proto,
                                std::string_view path, Violations* violations);

// The texts and facts of ClassifyText that intake's text validation does not see.
void ValidateFacts(const v1::ClassifyTextRequest& proto, std::string_view path,
                   Violations* violations);

}  // namespace supervision::rpc
