#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/domain/alert.h"
#include "services/domain/visibility.h"

namespace supervision::domain {

// A silence (静默): for a time, its receivers are not told of alerts that match.
struct Silence {
  std::string id;
  std::string author;  // id of the principal
  Scope scope;         // what the author saw when it was made: it hides nothing else
  Filter matcher;
  std::string alert_id;  // only this alert; empty: all that match
  // The gravest alert that it hides: MEDIUM; of one that names its alert, what that was then. So
  // nothing HIGH is hidden by a condition, and nothing that became graver since.
  Risk hides_up_to = Risk::kMedium;
  std::vector<std::string> receivers;  // principals' ids
  std::string reason;
  absl::Time created_at;
  absl::Time ends_at;
  std::string ended_by;  // who ended it early; empty: nobody
  bool operator==(const Silence&) const = default;
};

inline constexpr absl::Duration kLongestSilence = absl::Hours(24 * 90);

bool IsActive(const Silence& silence, absl::Time at);

// Whether it speaks of such an alert at all, however grave.
bool IsAbout(const Silence& silence, std::string_view alert_id, const Facets& facets);

// Whether an active `silence` that is about `alert` hides the version at hand of it. `before` is
// the version before; null: there was none.
//
// - Nothing graver than it may hide.
// - An alert that became graver is told.
// - What was told while the silence was there goes on being told: it hides an alert from its first
//   version on, or one that stood before it was made.
//
// So who was shown an alert hears what becomes of it, until a newer silence hides that too.
bool Hides(const Silence& silence, const Alert& alert, const Alert* before);

// Whether one of the marks hides from `principal`.
bool HiddenFrom(const std::vector<SilenceMark>& marks, std::string_view principal);

// Whether whoever sees `outer` sees all that `inner` sees.
bool Covers(const Scope& outer, const Scope& inner);

}  // namespace supervision::domain
