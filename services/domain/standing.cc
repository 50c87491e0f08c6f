#include "services/domain/standing.h"

#include <algorithm>
#include <utility>

namespace supervision::domain {

const Verdict& Standing(const Clue& clue) {
  return clue.correction.has_value() ? clue.correction->verdict : clue.verdict;
}

const Verdict& MachineVerdict(const Clue& clue) {
  if (!clue.correction.has_value()) return clue.verdict;
  if (clue.correction->by != CorrectedBy::kPerson) return clue.correction->verdict;
  return clue.correction->judged.has_value() ? *clue.correction->judged : clue.verdict;
}

Difference DifferenceOf(const Verdict& before, const Verdict& after) {
  return {.scenario = before.scenario != after.scenario,
          .risk = before.risk != after.risk,
          .review = before.needs_review != after.needs_review};
}

bool InScope(const Verdict& verdict) {
  return verdict.scenario != Scenario::kUnspecified && verdict.scenario != Scenario::kOutOfScope;
}

bool CorrectedByPerson(const Clue& clue) {
  return clue.correction.has_value() && clue.correction->by == CorrectedBy::kPerson;
}

bool NeedsReview(const Clue& clue) {
  if (clue.state == ClueState::kWithdrawn || clue.backfill || CorrectedByPerson(clue)) return false;
  const Verdict& standing = Standing(clue);
  return standing.needs_review || (standing.risk == Risk::kHigh && !InScope(standing));
}

int DoubtOf(const Verdict& verdict) {
  constexpr float kHardlySure = 0.4f;
  constexpr float kRatherSure = 0.7f;
  if (verdict.confidence < kHardlySure) return kMostDoubt;
  return verdict.confidence < kRatherSure ? 2 : kLeastDoubt;
}

bool IsCorrectionItself(const Clue& clue) {
  return clue.correction.has_value() && clue.correction->clue_version == clue.version;
}

Verdict VerdictOf(const Finding& finding, const Verdict& machine) {
  Verdict verdict;
  verdict.scenario = finding.scenario;
  verdict.secondary = finding.secondary;
  verdict.confidence = 1;
  verdict.risk = finding.risk;
  verdict.problem_codes = finding.problem_codes;
  if (finding.risk == machine.risk) {
    verdict.risk_score = machine.risk_score;
    verdict.risk_reasons = machine.risk_reasons;
  }
  std::copy_if(machine.evidence.begin(), machine.evidence.end(),
               std::back_inserter(verdict.evidence), [&](const EvidenceSpan& span) {
                 return span.scenario == finding.scenario ||
                        span.scenario == Scenario::kUnspecified;
               });
  verdict.catalogue_version = machine.catalogue_version;
  verdict.rules_version = machine.rules_version;
  return verdict;
}

void Apply(Correction correction, Clue* clue) {
  correction.clue_version = clue->version;
  if (correction.by == CorrectedBy::kPerson && clue->correction.has_value()) {
    correction.judged = MachineVerdict(*clue);
  }
  clue->correction = std::move(correction);
}

Verdict AfterRevision(Verdict fresh, const Clue& before) {
  if (CorrectedByPerson(before)) {
    const Verdict& found = Standing(before);
    if (fresh.scenario != found.scenario || fresh.risk < found.risk) fresh.needs_review = true;
  }
  return fresh;
}

}  // namespace supervision::domain
