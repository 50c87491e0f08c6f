#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace supervision::domain {

// How far people have come with an alert. The numbers are those of supervision.v1.AlertState and of
// the ledger, and never change.
enum class AlertState : uint8_t {
  kUnspecified = 0,   // there is no alert
  kOpen = 1,          // nobody has taken it up, or it has come up again
  kAcknowledged = 2,  // somebody has taken note
  kResolved = 3,      // it is done with
};

// "OPEN", "ACKNOWLEDGED", "RESOLVED"; "ALERT_STATE_UNSPECIFIED" for kUnspecified.
std::string_view Code(AlertState state);
std::optional<AlertState> AlertStateFromCode(std::string_view code);

// What came of an alert; the numbers are those of supervision.v1.AlertOutcome.
enum class AlertOutcome : uint8_t {
  kUnspecified = 0,
  kHandled = 1,         // found and dealt with
  kTransferred = 2,     // another organ deals with it
  kUnfounded = 3,       // looked into, no problem found
  kDuplicate = 4,       // dealt with under another alert
  kNotSupervision = 5,  // no matter of supervision
};

// The last thing that was done with an alert. State and owner beside it are facets: filters look at
// them.
struct Handling {
  std::string by;    // id of the principal; empty: the service itself
  std::string note;  // a person's text; shown where the clue's text is, and never to partners
  absl::Time changed_at;
  std::optional<absl::Time> until;                    // of an acknowledgement that ends
  AlertOutcome outcome = AlertOutcome::kUnspecified;  // of a resolved alert
  bool operator==(const Handling&) const = default;
};

}  // namespace supervision::domain
