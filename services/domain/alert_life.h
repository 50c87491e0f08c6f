#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/domain/alert.h"

namespace supervision::domain {

// The life of an alert: what people, and time, make of it. It never touches the clue or its
// verdict.
//
//            acknowledge            resolve
//   OPEN ---------------> ACKNOWLEDGED ----> RESOLVED
//    |  <---------------       ^ |              |
//    |  unacknowledge, expire  +-+ acknowledge  |
//    |                         (anew)           |
//    +------------------ resolve -------------> |
//    ^------------------ reopen, or a clue that is graver, of another class or elsewhere
//
// An owner may be named while the alert is not resolved, and stays.

enum class AlertAction : uint8_t {
  kAcknowledge = 1,
  kUnacknowledge = 2,
  kExpire = 3,  // the time of the acknowledgement is over
  kAssign = 4,
  kResolve = 5,
  kReopen = 6,
};

// One step of that life.
struct AlertStep {
  AlertAction action = AlertAction::kAcknowledge;
  std::string by;                                     // id of the principal; empty: the service
  std::string note;                                   // may be empty
  std::optional<absl::Duration> duration;             // kAcknowledge: for how long; none: no end
  std::string owner;                                  // kAssign
  AlertOutcome outcome = AlertOutcome::kUnspecified;  // kResolve
};

// The next version of `alert` by `step` at `now`; nothing when its state does not allow the step.
// REQUIRES: alert.version > 0.
std::optional<Alert> AfterStep(const Alert& alert, const AlertStep& step, absl::Time now);

// Gives `alert`, the version that a change of the clue has made of `before`, the handling of
// before. An acknowledged or resolved alert is open again when the clue has become graver or of
// another class, since who took note took note of something else; and when it has moved to a region
// that is neither part of the one before nor around it, since there others answer for it, who have
// taken no note. A resolved alert about several clues is open again when others have joined them;
// an acknowledgement stays, since versions come with each interval. A clue that has become less
// grave, or was withdrawn, leaves it as it is. The owner stays in any case, until somebody names
// another. The note of the last step does not reach those who see the alert only now, by its class,
// its region or a secrecy that was lifted: where there may be such, the alert goes on without it,
// and what was said is read in its changes.
void KeepHandling(const Alert& before, Alert* alert);

// To be sent with a change of an alert's handling: differs for each version.
std::string AlertEtag(uint32_t version);

}  // namespace supervision::domain
