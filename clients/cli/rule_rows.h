#pragma once

#include "clients/cli/session.h"
#include "clients/cli/table.h"
#include "supervision/v1/admin_service.pb.h"

namespace supervision::cli {

// Rows on the rules in force and on the last attempt to read them.
void AddRuleRows(Session& session, const v1::RuleSetStatus& rules, Table* table);

// Rows on a candidate set that sorts beside them.
void AddCandidateRows(Session& session, const v1::RuleSetStatus& candidate, Table* table);
// What was wrong with its files, on standard error.
void NoteCandidateMistakes(const Session& session, const v1::RuleSetStatus& candidate);

// Says on standard error what was wrong with the files that were rejected last; nothing when they
// are in force.
void NoteMistakes(const Session& session, const v1::RuleSetStatus& rules);

}  // namespace supervision::cli
