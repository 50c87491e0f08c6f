#include "services/domain/alert_life.h"

#include <algorithm>
#include <array>
#include <utility>

#include "services/domain/visibility.h"

namespace supervision::domain {
namespace {

constexpr std::array<std::string_view, 4> kStateCodes = {"ALERT_STATE_UNSPECIFIED", "OPEN",
                                                         "ACKNOWLEDGED", "RESOLVED"};

struct Row {
  AlertAction action;
  bool from_open;
  bool from_acknowledged;
  bool from_resolved;
  AlertState to;  // unspecified: as it was
  AlertKind kind;
};
constexpr std::array<Row, 6> kRows = {{
    {AlertAction::kAcknowledge, true, true, false, AlertState::kAcknowledged,
     AlertKind::kAcknowledged},
    {AlertAction::kUnacknowledge, false, true, false, AlertState::kOpen,
     AlertKind::kUnacknowledged},
    {AlertAction::kExpire, false, true, false, AlertState::kOpen,
     AlertKind::kAcknowledgementExpired},
    {AlertAction::kAssign, true, true, false, AlertState::kUnspecified, AlertKind::kAssigned},
    {AlertAction::kResolve, true, true, false, AlertState::kResolved, AlertKind::kResolved},
    {AlertAction::kReopen, false, false, true, AlertState::kOpen, AlertKind::kReopened},
}};

bool Allows(const Row& row, AlertState state) {
  switch (state) {
    case AlertState::kOpen:
      return row.from_open;
    case AlertState::kAcknowledged:
      return row.from_acknowledged;
    case AlertState::kResolved:
      return row.from_resolved;
    case AlertState::kUnspecified:
      break;
  }
  return false;
}

// Whether `is` is neither within `was` nor around it: region codes are prefixes of their parts'.
bool IsElsewhere(std::string_view was, std::string_view is) {
  const size_t shorter = std::min(was.size(), is.size());
  return was.substr(0, shorter) != is.substr(0, shorter);
}

// Whether `is` tells of clues that `was` did not.
bool HasJoined(const AlertGroup& was, const AlertGroup& is) {
  if (is.total > was.total) return true;
  if (was.total > static_cast<int64_t>(was.members.size())) return false;  // it named the newest
  return std::any_of(is.members.begin(), is.members.end(), [&](const std::string& clue) {
    return std::find(was.members.begin(), was.members.end(), clue) == was.members.end();
  });
}

}  // namespace

std::string_view Code(AlertState state) {
  const auto number = static_cast<size_t>(state);  // of a later service it may be larger
  return kStateCodes[number < kStateCodes.size() ? number : 0];
}

std::optional<AlertState> AlertStateFromCode(std::string_view code) {
  const auto* const found = std::find(kStateCodes.begin() + 1, kStateCodes.end(), code);
  if (found == kStateCodes.end()) return std::nullopt;
  return static_cast<AlertState>(found - kStateCodes.begin());
}

std::optional<Alert> AfterStep(const Alert& alert, const AlertStep& step, absl::Time now) {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&step](const Row& candidate) {
    return candidate.action == step.action;
  });
  if (row == kRows.end() || !Allows(*row, alert.facets.state)) return std::nullopt;
  Alert next = alert;
  next.version += 1;
  next.kind = row->kind;
  next.raised_at = now;
  if (row->to != AlertState::kUnspecified) next.facets.state = row->to;
  if (step.action == AlertAction::kAssign) next.facets.owner = step.owner;
  Handling handling;
  handling.by = step.by;
  handling.note = step.note;
  handling.changed_at = now;
  if (step.action == AlertAction::kAcknowledge && step.duration.has_value()) {
    handling.until = now + *step.duration;
  } else if (step.action == AlertAction::kAssign && alert.handling.has_value()) {
    handling.until = alert.handling->until;  // whoever owns it, the acknowledgement ends
  }
  if (step.action == AlertAction::kResolve) handling.outcome = step.outcome;
  next.handling = std::move(handling);
  return next;
}

void KeepHandling(const Alert& before, Alert* alert) {
  alert->facets.state = before.version == 0 || before.facets.state == AlertState::kUnspecified
                            ? AlertState::kOpen
                            : before.facets.state;
  alert->facets.owner = before.facets.owner;
  alert->handling = before.handling;
  if (alert->handling.has_value() && HasNewReaders(before.facets, alert->facets)) {
    alert->handling->note.clear();
  }
  if (alert->facets.state == AlertState::kOpen) return;
  const bool joined = before.facets.state == AlertState::kResolved && before.group != nullptr &&
                      alert->group != nullptr && HasJoined(*before.group, *alert->group);
  if (!joined && alert->facets.risk <= before.facets.risk &&
      alert->facets.scenario == before.facets.scenario &&
      !IsElsewhere(before.facets.region_code, alert->facets.region_code)) {
    return;
  }
  alert->facets.state = AlertState::kOpen;
  alert->handling = Handling{.by = "",
                             .note = "",
                             .changed_at = alert->raised_at,
                             .until = std::nullopt,
                             .outcome = AlertOutcome::kUnspecified};
}

std::string AlertEtag(uint32_t version) { return "a" + std::to_string(version); }

}  // namespace supervision::domain
