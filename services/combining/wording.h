#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/combining/route.h"
#include "services/domain/alert_group.h"
#include "services/domain/verdict.h"

namespace supervision::combining {

// How an alert of a route was reckoned, in both languages (测算依据), and its title.

// "7 days" and "7天", in the largest unit that is exact.
std::string LengthText(absl::Duration length, bool chinese);

// What so many others (`at_least`: or more) add to a clue's risk, and how that was reckoned.
domain::RiskReason ReasonOf(const Route& route, const RaiseAddend& addend, int64_t others,
                            bool at_least, int points);

// Sets the arithmetic of a group that has its figures.
void Word(const GroupRule& rule, domain::AlertGroup* group, int64_t fresh);
void Word(const ThresholdRule& rule, domain::AlertGroup* group);
// `known`: so many windows of the baseline.
void Word(const SurgeRule& rule, int known, domain::AlertGroup* group);
// From the addends, of which the first is the clue's own.
void Word(const std::vector<domain::RiskReason>& reasons, domain::AlertGroup* group);
// `partners`: so many different ones; `gone`: so many that were told belong to it no longer.
void Word(const LinkRule& rule, domain::AlertGroup* group, int64_t partners, int64_t gone);

// Adds that it was told by a calendar that does not know the `year`.
void WordProvisional(int64_t year, domain::AlertGroup* group);

// The route's Chinese title and what the clues have in common.
std::string TitleOf(const domain::AlertGroup& group);

}  // namespace supervision::combining
