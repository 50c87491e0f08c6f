#include "clients/cli/verdict_change.h"

namespace supervision::cli {

void ChangeCounts::Add(const VerdictChange& change) {
  ++clues;
  changed += change.any() ? 1 : 0;
  scenario += change.scenario ? 1 : 0;
  risk += change.risk ? 1 : 0;
  raised += change.after.risk() > change.before.risk() ? 1 : 0;
  review += change.review ? 1 : 0;
}

VerdictChange CompareVerdicts(const std::string& clue_id, uint32_t clue_version,
                              const v1::Verdict& before, const v1::Verdict& after) {
  VerdictChange change;
  change.clue_id = clue_id;
  change.clue_version = clue_version;
  change.scenario = before.scenario() != after.scenario();
  change.risk = before.risk() != after.risk();
  change.review = before.needs_review() != after.needs_review();
  change.before = before;
  change.after = after;
  return change;
}

}  // namespace supervision::cli
