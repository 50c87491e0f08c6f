#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/domain/alert_group.h"
#include "services/domain/clue.h"
#include "services/domain/handling.h"
#include "services/domain/matter.h"

namespace supervision::domain {

enum class AlertKind : uint8_t {
  kUnspecified = 0,
  kClueReceived = 1,   // a clue within scope
  kReviewNeeded = 2,   // its class is in doubt, or it may be HIGH: provisional, a person must look
  kClueRevised = 3,    // a later version of the clue changed what was told
  kClueWithdrawn = 4,  // the partner took the clue back
  kReclassified = 5,   // a correction changed its class or risk
  kConfirmed = 6,      // a correction found class and risk as they had been told
  // Steps of the alert's own life; see alert_life.h. The clue has not changed.
  kAcknowledged = 7,
  kUnacknowledged = 8,
  kAcknowledgementExpired = 9,
  kAssigned = 10,
  kResolved = 11,
  kReopened = 12,
  // Raised by a route; they have a group.
  kGrouped = 13,
  kThresholdReached = 14,
  kRiskRaised = 15,
  kSameMatter = 16,
};

// A silence that hides a version of an alert, and from whom; see silence.h. Kept with the version,
// so that a replay years later hides what was hidden, whatever has become of the silence.
struct SilenceMark {
  std::string silence_id;
  std::vector<std::string> receivers;  // principals' ids
  bool operator==(const SilenceMark&) const = default;
};

// What decides who sees an alert: the facets that filters and scopes look at.
struct Facets {
  Scenario scenario = Scenario::kUnspecified;
  Scenario secondary = Scenario::kUnspecified;
  Risk risk = Risk::kUnspecified;
  std::string region_code;
  ReportedUnit unit;
  std::string partner;
  Confidentiality confidentiality = Confidentiality::kUnspecified;
  AlertState state = AlertState::kUnspecified;  // of the alert; unspecified: there is none
  std::string owner;                            // principal that answers for it; empty: nobody
  std::vector<SilenceMark> silences;            // of this version; mostly none
  bool operator==(const Facets&) const = default;
};

// What a monitor is told about one clue. A change of the clue, and each step of handling, is a new
// version of the same alert.
struct Alert {
  std::string id;
  uint32_t version = 0;  // 0: the clue has no alert (out of scope and nothing to doubt)
  AlertKind kind = AlertKind::kUnspecified;
  bool provisional = false;
  std::string clue_id;
  uint32_t clue_version = 0;
  Facets facets;
  float confidence = 0;
  std::vector<std::string> problem_codes;
  std::vector<RiskReason> risk_reasons;
  absl::Time received_at;  // when the clue was first accepted
  absl::Time raised_at;    // when this version was accepted
  // Quotes the clue: lies in an envelope in the ledger, and is shown by projection only.
  std::string title;
  std::vector<std::string> why;      // the passages of the original that decided, at most 3
  std::optional<Handling> handling;  // what was last done with it; nothing yet
  std::string trace_parent;          // of the request that made this version; see trace.h
  // Of an alert that a route raised; its clue_id then names no clue but its own record.
  std::shared_ptr<const AlertGroup> group;
  // By what its clue may be found to be about the matter of another; null: it says nothing of that.
  std::shared_ptr<const MatterKeys> matter;
};

// One entry of the log: one change of one clue, with what it did to the clue's alert. The facets of
// before let a stream tell a monitor that an alert has left its view without remembering what it
// sent.
struct ChangeEvent {
  Alert alert;                     // as it now stands; version 0 when there is none
  std::optional<Facets> previous;  // of the alert's version before; nothing when it is new
};

}  // namespace supervision::domain
