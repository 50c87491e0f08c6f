#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "services/classification/origin.h"

namespace supervision::classification {

// The catalogue of supervision sub-scenarios as data: a county can rename a class, change its owner
// or its legal basis without a new build. Plain values; made by services/config, checked by
// Classifier::Create.

// The days on which an item holds, both inclusive; a missing end is open.
struct EffectiveDates {
  std::optional<absl::CivilDay> from;
  std::optional<absl::CivilDay> to;

  bool Covers(absl::CivilDay day) const {
    return !(from.has_value() && day < *from) && !EndedBefore(day);
  }
  bool EndedBefore(absl::CivilDay day) const { return to.has_value() && day > *to; }
};

// A statute with the article that a class, a rule or a problem rests on.
struct LegalBasis {
  std::string statute;       // "行政处罚法"
  std::string article;       // "63", "64(1)"; empty for the statute as a whole
  EffectiveDates effective;  // of the article, where narrower than the statute's own
  Origin origin;
};

// One class: one of the 11 scenarios, or OUT_OF_SCOPE.
struct ScenarioEntry {
  Origin origin;
  std::string code;  // of domain/scenario.h: "ADMIN_ENFORCEMENT"
  int32_t number = 0;
  std::string name_zh;
  std::string name_en;
  std::string description_zh;
  std::string description_en;
  std::vector<std::string> owner_subjects;  // of "1+9": "ADMIN", "AUDIT" …; empty for OUT_OF_SCOPE
  std::vector<LegalBasis> legal_basis;
  EffectiveDates effective;
};

struct Catalogue {
  Origin origin;
  std::string version;
  EffectiveDates effective;
  std::vector<ScenarioEntry> scenarios;
  std::vector<std::string> mistakes;  // found while it was read; Classifier::Create reports them
};

}  // namespace supervision::classification
