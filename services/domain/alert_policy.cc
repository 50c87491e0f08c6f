#include "services/domain/alert_policy.h"

#include <memory>
#include <utility>

#include "services/domain/alert_life.h"
#include "services/domain/passages.h"
#include "services/domain/standing.h"

namespace supervision::domain {
namespace {

constexpr char kCluePrefix = 'c';
constexpr char kAlertPrefix = 'a';

AlertKind KindOf(const Clue& clue, const Alert& before) {
  const bool told = before.version > 0;
  if (clue.backfill && !told) return AlertKind::kUnspecified;
  if (clue.state == ClueState::kWithdrawn) {
    return told ? AlertKind::kClueWithdrawn : AlertKind::kUnspecified;
  }
  if (NeedsReview(clue)) return AlertKind::kReviewNeeded;
  const Verdict& standing = Standing(clue);
  if (!told && !InScope(standing)) return AlertKind::kUnspecified;
  if (IsCorrectionItself(clue)) {
    const bool same =
        standing.scenario == before.facets.scenario && standing.risk == before.facets.risk;
    return same ? AlertKind::kConfirmed : AlertKind::kReclassified;
  }
  return told ? AlertKind::kClueRevised : AlertKind::kClueReceived;
}

// Keys are made of a text once: another release may make others of it, and nobody's word about a
// clue may take it out of its matter.
std::shared_ptr<const MatterKeys> MatterOf(const Clue& clue, const Alert& before) {
  const bool same_text = clue.state == ClueState::kWithdrawn || IsCorrectionItself(clue);
  if (same_text && before.matter != nullptr) return before.matter;
  MatterKeys keys = MatterKeysOf(clue.content);
  return keys.empty() ? nullptr : std::make_shared<const MatterKeys>(std::move(keys));
}

std::string WithFirstLetter(std::string_view id, char letter) {
  std::string result(id);
  if (!result.empty()) result.front() = letter;
  return result;
}

}  // namespace

Facets FacetsOf(const Clue& clue) {
  const Verdict& standing = Standing(clue);
  Facets facets;
  facets.scenario = standing.scenario;
  facets.secondary = standing.secondary;
  facets.risk = standing.risk;
  facets.region_code = clue.content.region_code;
  facets.unit = clue.content.unit;
  facets.partner = clue.partner;
  facets.confidentiality = clue.content.confidentiality;
  return facets;
}

Alert NextAlert(const Clue& clue, const Alert& before) {
  const Verdict& standing = Standing(clue);
  Alert alert;
  // Facets, times and title are set even when there is no alert: lists and events need them.
  alert.kind = KindOf(clue, before);
  alert.clue_id = clue.id;
  alert.clue_version = clue.version;
  alert.facets = FacetsOf(clue);
  alert.confidence = standing.confidence;
  alert.problem_codes = standing.problem_codes;
  alert.risk_reasons = standing.risk_reasons;
  alert.received_at = clue.received_at;
  alert.raised_at = clue.changed_at;
  alert.trace_parent = clue.trace_parent;
  alert.title = clue.content.title;
  if (alert.kind == AlertKind::kUnspecified) return alert;
  alert.id = AlertIdOf(clue.id);
  alert.version = before.version + 1;
  alert.provisional = alert.kind == AlertKind::kReviewNeeded;
  KeepHandling(before, &alert);
  alert.matter = MatterOf(clue, before);
  alert.why = Passages(clue.content, standing.evidence);
  return alert;
}

std::string AlertIdOf(std::string_view clue_id) { return WithFirstLetter(clue_id, kAlertPrefix); }

std::optional<std::string> ClueIdOf(std::string_view alert_id) {
  if (alert_id.empty() || alert_id.front() != kAlertPrefix) return std::nullopt;
  return WithFirstLetter(alert_id, kCluePrefix);
}

}  // namespace supervision::domain
