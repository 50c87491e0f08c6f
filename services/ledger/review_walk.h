#pragma once

#include <array>

#include "services/ledger/context.h"
#include "services/ledger/deadline.h"

namespace supervision::ledger {

// The order of the review queue: the gravest first; of these the day (UTC+8) that came in first; of
// one day the most doubtful; then the oldest. The queues of each gravity and doubt, sorted by age,
// are walked upwards in every partition at once and merged. A clue keeps its age when it changes.
//
// A page ends when it is full, when nothing is left, or when it has looked at a bounded number of
// candidates. Who goes on from a token misses only what has come in before its place since.
void WalkReviewQueue(Context* context, ReviewQuery query, Deadline deadline,
                     Ledger::Callback<ReviewPage> callback);

inline constexpr std::array<domain::Risk, 4> kReviewOrder = {
    domain::Risk::kHigh, domain::Risk::kMedium, domain::Risk::kLow, domain::Risk::kUnspecified};

inline bool WaitsForReview(const ClueSummary& clue) { return clue.alert.provisional; }

}  // namespace supervision::ledger
