#pragma once

#include "services/domain/alert.h"

namespace supervision::domain {

// What `clue` (as it is after a change) makes of its alert. `before` is the alert as it stood, or
// version 0 when the clue is new or had none. The result has version 0 when there is still none.
//
// A clue in scope gives one alert; one whose class is in doubt gives REVIEW_NEEDED at once, marked
// provisional; a confident OUT_OF_SCOPE gives none, unless the clue had an alert already: those who
// saw it hear what became of it. A withdrawal is told to them too. A correction that changes class
// or risk is RECLASSIFIED, one that does not is CONFIRMED; one that brings a clue into scope gives
// its first alert. History alerts nobody until the partner revises it. What people did with the
// alert is kept; see alert_life.h. So are the keys of its matter until the partner revises the
// text.
Alert NextAlert(const Clue& clue, const Alert& before);

// What decides who sees `clue` and its alert.
Facets FacetsOf(const Clue& clue);

// The alert of a clue has the clue's id with another first letter.
std::string AlertIdOf(std::string_view clue_id);
std::optional<std::string> ClueIdOf(std::string_view alert_id);

}  // namespace supervision::domain
