#pragma once

#include "clients/cli/session.h"
#include "clients/cli/table.h"
#include "supervision/v1/admin_service.pb.h"

namespace supervision::cli {

// Rows on the rules in force and on the last attempt to read them.
void AddRuleRows(Session& session, const v1::RuleSetStatus& rules, Table* table);

// Says on standard error what was wrong with the files that were rejected last; nothing when they
// are in force.
void NoteMistakes(const Session& session, const v1::RuleSetStatus& rules);

}  // namespace supervision::cli
