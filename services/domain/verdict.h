#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/domain/scenario.h"

namespace supervision::domain {

// Why a verdict says what it says. The classifier's output is advice (promise 7): a person decides.

// Which text a span points into.
enum class TextPart : uint8_t { kUnspecified = 0, kTitle = 1, kContent = 2 };

// A piece of the original text that supported the verdict. Offsets count Unicode code points of the
// text as the partner sent it: [begin, end).
struct EvidenceSpan {
  TextPart part = TextPart::kUnspecified;
  uint32_t begin = 0;
  uint32_t end = 0;
  std::string rule_id;                         // the rule that matched
  Scenario scenario = Scenario::kUnspecified;  // what it speaks for; unspecified: risk only
  float weight = 0;
  bool operator==(const EvidenceSpan&) const = default;
};

// One addend of the risk score (domain.md 3.4's formula, shipped as data): "定级依据".
struct RiskReason {
  std::string code;  // "BASE:ENF-24", "SPREAD", "SENSITIVE:MINOR", "SIGNAL:…"
  int32_t points = 0;
  std::string chinese;
  std::string english;
  bool operator==(const RiskReason&) const = default;
};

struct Verdict {
  Scenario scenario = Scenario::kUnspecified;
  Scenario secondary = Scenario::kUnspecified;  // kUnspecified when there is none
  float confidence = 0;                         // 0..1
  Risk risk = Risk::kUnspecified;
  int32_t risk_score = 0;  // HIGH from 70, MEDIUM from 40
  std::vector<RiskReason> risk_reasons;
  std::vector<std::string> problem_codes;  // "ENF-24", best first
  std::vector<EvidenceSpan> evidence;      // strongest first, at most 16
  bool needs_review = false;               // the class is in doubt, or it may be HIGH unseen
  std::string catalogue_version;
  std::string rules_version;  // version and digest of the rule set
  bool operator==(const Verdict&) const = default;
};

}  // namespace supervision::domain
