#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace supervision::domain {

// The 11 supervision sub-scenarios (监督子场景) and the reject class. The numbers are those of
// supervision.v1.Scenario and of the ledger, and never change.
enum class Scenario : uint8_t {
  kUnspecified = 0,
  kPartyInspection = 1,
  kPeoplesCongress = 2,
  kCppccDemocratic = 3,
  kAdminEnforcement = 4,
  kDecisionDisclosure = 5,
  kReconsideration = 6,
  kJudicial = 7,
  kPetitionDispute = 8,
  kAuditFiscalStatistics = 9,
  kSocialOpinion = 10,
  kLawPublicityDuty = 11,
  kOutOfScope = 12,
};

// Every scenario a verdict can name, OUT_OF_SCOPE last.
inline constexpr std::array<Scenario, 12> kScenarios = {
    Scenario::kPartyInspection,  Scenario::kPeoplesCongress,    Scenario::kCppccDemocratic,
    Scenario::kAdminEnforcement, Scenario::kDecisionDisclosure, Scenario::kReconsideration,
    Scenario::kJudicial,         Scenario::kPetitionDispute,    Scenario::kAuditFiscalStatistics,
    Scenario::kSocialOpinion,    Scenario::kLawPublicityDuty,   Scenario::kOutOfScope};

// The catalogue's code, e.g. "ADMIN_ENFORCEMENT"; "SCENARIO_UNSPECIFIED" for any other number.
std::string_view Code(Scenario scenario);
std::optional<Scenario> ScenarioFromCode(std::string_view code);

// How grave a clue is: shown yellow, orange, red. The numbers are those of supervision.v1.Risk.
enum class Risk : uint8_t { kUnspecified = 0, kLow = 1, kMedium = 2, kHigh = 3 };

// "LOW", "MEDIUM", "HIGH"; "RISK_UNSPECIFIED" for kUnspecified.
std::string_view Code(Risk risk);
std::optional<Risk> RiskFromCode(std::string_view code);

}  // namespace supervision::domain
