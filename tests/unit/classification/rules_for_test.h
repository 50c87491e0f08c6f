#pragma once

#include <string>
#include <vector>

#include "services/classification/catalogue.h"
#include "services/classification/rules.h"
#include "services/domain/scenario.h"

namespace supervision::classification {

// A catalogue and a rule set without mistakes, for tests to change one thing in.
inline Catalogue GoodCatalogue() {
  Catalogue catalogue;
  catalogue.origin = {"catalogue.yaml", 1};
  catalogue.version = "1";
  for (const domain::Scenario scenario : domain::kScenarios) {
    ScenarioEntry entry;
    entry.origin = {"catalogue.yaml", static_cast<uint32_t>(scenario) * 10};
    entry.code = std::string(domain::Code(scenario));
    entry.number = static_cast<int32_t>(scenario);
    entry.name_zh = "名称";
    entry.name_en = "name";
    entry.description_zh = "说明";
    entry.description_en = "description";
    entry.owner_subjects = {"ADMIN"};
    catalogue.scenarios.push_back(std::move(entry));
  }
  return catalogue;
}

inline std::vector<Phrase> Phrases(const std::vector<std::string>& texts) {
  std::vector<Phrase> phrases;
  for (const std::string& text : texts) {
    phrases.push_back({{"rules.yaml", 7}, text});
  }
  return phrases;
}

inline Rule MakeRule(const std::string& id, RuleKind kind, domain::Scenario scenario, float weight,
                     float scope, const std::vector<std::string>& any) {
  Rule rule;
  rule.origin = {"rules.yaml", 3};
  rule.id = id;
  rule.kind = kind;
  rule.scenario = scenario;
  rule.weight = weight;
  rule.scope = scope;
  rule.any = Phrases(any);
  return rule;
}

// Scoring in which OUT_OF_SCOPE starts at 1 and all else at 0, and no rules but those of the test.
inline RuleSet GoodRules(std::vector<Rule> rules) {
  RuleSet set;
  set.origin = {"rules.yaml", 1};
  set.version = "1";
  set.as_of = absl::CivilDay(2026, 6, 1);
  using domain::Scenario;
  set.scoring.origin = {"rules.yaml", 2};
  set.scoring.precedence = {
      Scenario::kJudicial,         Scenario::kReconsideration,    Scenario::kPartyInspection,
      Scenario::kPeoplesCongress,  Scenario::kCppccDemocratic,    Scenario::kAuditFiscalStatistics,
      Scenario::kAdminEnforcement, Scenario::kDecisionDisclosure, Scenario::kLawPublicityDuty,
      Scenario::kPetitionDispute,  Scenario::kSocialOpinion};
  for (const Scenario scenario : domain::kScenarios) {
    const bool out = scenario == Scenario::kOutOfScope;
    set.scoring.priors.push_back({{"rules.yaml", 2},
                                  scenario,
                                  out ? 1.0F : 0.0F,
                                  out ? domain::Risk::kUnspecified : domain::Risk::kMedium});
  }
  set.scoring.tie_margin = 0.1F;
  set.scoring.secondary_from = 0.05F;
  set.rules = std::move(rules);
  return set;
}

}  // namespace supervision::classification
