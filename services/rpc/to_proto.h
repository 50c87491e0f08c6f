#pragma once

#include "services/domain/alert.h"
#include "services/domain/explanation.h"
#include "services/domain/visibility.h"
#include "services/ledger/types.h"
#include "supervision/v1/alert.pb.h"
#include "supervision/v1/alert_service.pb.h"
#include "supervision/v1/clue.pb.h"
#include "supervision/v1/clue_service.pb.h"
#include "supervision/v1/explanation.pb.h"
#include "supervision/v1/review_service.pb.h"
#include "supervision/v1/verdict.pb.h"

// Domain values to API messages. What quotes a clue is left out where the projection says so: who
// calls decides, not what it asks for (promise 6).
namespace supervision::rpc {

v1::CivilDate ToProto(absl::CivilDay day);
v1::ClueContent ToProto(const domain::ClueContent& content);
v1::Verdict ToProto(const domain::Verdict& verdict);
v1::EvidenceSpan ToProto(const domain::EvidenceSpan& span);
v1::Explanation ToProto(const domain::Explanation& explanation);
// Fills an empty message in place: an answer that lies in an arena would have to be copied there.
void ToProto(const ledger::Receipt& receipt, v1::ClueReceipt* proto);
v1::Clue ToProto(const ledger::ClueRecord& record, const domain::Scope& viewer);
// A partner is told neither who corrected nor why; why is withheld with the text.
v1::Correction ToProto(const domain::Correction& correction, const domain::Scope& viewer,
                       domain::Projection projection);
v1::ClueVersion ToProto(const domain::Clue& version, const domain::Scope& viewer,
                        domain::Projection projection);
v1::ReviewItem ToProto(const ledger::ReviewItem& item, const domain::Scope& viewer);
v1::CorrectedClue ToProto(const ledger::CorrectedClue& corrected, const domain::Scope& viewer,
                          bool with_texts);
v1::ClueSummary ToProto(const ledger::ClueSummary& summary, domain::Projection projection);
v1::Alert ToProto(const domain::Alert& alert, domain::Projection projection);
v1::AlertGroup ToProto(const domain::AlertGroup& group);
// Never for partners. The note is withheld with the clue's text.
v1::AlertHandling ToProto(const domain::Handling& handling, const std::string& owner,
                          domain::Projection projection);
v1::AlertChange ToProto(const ledger::AlertChange& change, domain::Projection projection);
v1::AlertReceipt ToProto(const ledger::AlertReceipt& receipt);

// How much a caller with `scope` is shown of a clue: a partner's own clues are shown as it sent
// them.
domain::Projection ShownTo(const domain::Scope& scope, domain::Confidentiality confidentiality);

}  // namespace supervision::rpc
