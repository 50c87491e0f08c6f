#include "services/combining/common.h"

#include <algorithm>

namespace supervision::combining {
namespace {

// Codes of regions are cut where one administrative level ends: province, city, county, town.
constexpr size_t kLevels[] = {9, 6, 4, 2};

std::string CommonRegion(const std::string& one, const std::string& other) {
  const auto differ = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  const auto same = static_cast<size_t>(differ.first - one.begin());
  if (same == one.size() && same == other.size()) return one;
  for (const size_t level : kLevels) {
    if (same >= level) return one.substr(0, level);
  }
  return "";
}

template <typename T>
void GiveUpUnlessSame(const T& other, T* value) {
  if (!(*value == other)) *value = T();
}

// What an addend of a clue's own risk says of persons: 5 to 29 of them, or 30 and more, which adds
// at least so much (domain: spread).
constexpr char kSpread[] = "SPREAD";
constexpr int kCrowdPoints = 25;
constexpr int64_t kGroup = 5;
constexpr int64_t kCrowd = 30;

int64_t PersonsOf(const domain::Alert& alert) {
  int64_t persons = alert.matter != nullptr ? std::max<int64_t>(1, alert.matter->persons) : 1;
  for (const domain::RiskReason& reason : alert.risk_reasons) {
    if (reason.code != kSpread || reason.points <= 0) continue;
    persons = std::max(persons, reason.points >= kCrowdPoints ? kCrowd : kGroup);
  }
  return persons;
}

}  // namespace

FactsPtr FactsOf(const domain::Alert& alert, bool with_matter) {
  auto facts = std::make_shared<Facts>();
  facts->facets = alert.facets;
  facts->problems = alert.problem_codes;
  for (const domain::RiskReason& reason : alert.risk_reasons) facts->points += reason.points;
  facts->persons = PersonsOf(alert);
  if (with_matter) facts->matter = alert.matter;
  return facts;
}

void Common::Add(const Facts& facts) {
  const domain::Facets& other = facts.facets;
  if (empty_) {
    empty_ = false;
    facets_ = other;
    // State and owner are those of the alert about them, which begins anew.
    facets_.state = domain::AlertState::kOpen;
    facets_.owner.clear();
    problems_ = facts.problems;
    return;
  }
  GiveUpUnlessSame(other.scenario, &facets_.scenario);
  GiveUpUnlessSame(other.secondary, &facets_.secondary);
  GiveUpUnlessSame(other.partner, &facets_.partner);
  // The same organ may be written with and without its credit code.
  if (facets_.unit.credit_code != other.unit.credit_code) facets_.unit.credit_code.clear();
  if (facets_.unit.name != other.unit.name) facets_.unit.name.clear();
  facets_.region_code = CommonRegion(facets_.region_code, other.region_code);
  facets_.risk = std::max(facets_.risk, other.risk);
  facets_.confidentiality = std::max(facets_.confidentiality, other.confidentiality);
  problems_.erase(std::remove_if(problems_.begin(), problems_.end(),
                                 [&](const std::string& code) {
                                   return std::find(facts.problems.begin(), facts.problems.end(),
                                                    code) == facts.problems.end();
                                 }),
                  problems_.end());
}

}  // namespace supervision::combining
