#include "services/domain/scenario.h"

namespace supervision::domain {
namespace {

// Indexed by the enum's number.
constexpr std::array<std::string_view, 13> kScenarioCodes = {
    "SCENARIO_UNSPECIFIED", "PARTY_INSPECTION",        "PEOPLES_CONGRESS", "CPPCC_DEMOCRATIC",
    "ADMIN_ENFORCEMENT",    "DECISION_DISCLOSURE",     "RECONSIDERATION",  "JUDICIAL",
    "PETITION_DISPUTE",     "AUDIT_FISCAL_STATISTICS", "SOCIAL_OPINION",   "LAW_PUBLICITY_DUTY",
    "OUT_OF_SCOPE"};
constexpr std::array<std::string_view, 4> kRiskCodes = {"RISK_UNSPECIFIED", "LOW", "MEDIUM",
                                                        "HIGH"};

// Of a later service the number may be larger: it has no code here.
template <typename Enum, size_t N>
std::string_view CodeOf(const std::array<std::string_view, N>& codes, Enum value) {
  const auto number = static_cast<size_t>(value);
  return codes[number < N ? number : 0];
}

// The enum value whose code this is; the unspecified value at index 0 cannot be named.
template <typename Enum, size_t N>
std::optional<Enum> FromCode(const std::array<std::string_view, N>& codes, std::string_view code) {
  for (size_t i = 1; i < N; ++i) {
    if (codes[i] == code) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view Code(Scenario scenario) { return CodeOf(kScenarioCodes, scenario); }
std::optional<Scenario> ScenarioFromCode(std::string_view code) {
  return FromCode<Scenario>(kScenarioCodes, code);
}
std::string_view Code(Risk risk) { return CodeOf(kRiskCodes, risk); }
std::optional<Risk> RiskFromCode(std::string_view code) { return FromCode<Risk>(kRiskCodes, code); }

}  // namespace supervision::domain
