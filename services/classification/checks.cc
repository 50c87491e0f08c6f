#include "services/classification/checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace supervision::classification {
namespace {

constexpr float kWidestWeight = 20;
constexpr std::array<std::string_view, 10> kSubjects = {
    "PARTY", "NPC",    "DEMOCRATIC", "ADMIN",  "JUDICIAL",
    "AUDIT", "FISCAL", "STATISTICS", "MASSES", "OPINION"};

std::string Str(std::string_view text) { return std::string(text); }

// Gathers the mistakes of one file or set.
class Report {
 public:
  explicit Report(std::vector<std::string>* errors) : errors_(errors) {}

  void Add(const Origin& origin, std::string_view message) {
    errors_->push_back(absl::StrCat(ToString(origin), ": ", Str(message)));
  }
  void AddUnless(bool good, const Origin& origin, std::string_view message) {
    if (!good) {
      Add(origin, message);
    }
  }
  void CheckDates(const EffectiveDates& dates, const Origin& origin, std::string_view what) {
    if (dates.from.has_value() && dates.to.has_value() && *dates.to < *dates.from) {
      Add(origin, absl::StrCat(Str(what), ": effective_to lies before effective_from; swap them"));
    }
  }
  void CheckBasis(const std::vector<LegalBasis>& basis, const Origin& origin,
                  std::string_view what) {
    for (const LegalBasis& row : basis) {
      AddUnless(!row.statute.empty(), origin,
                absl::StrCat(Str(what), ": a legal basis without a statute; name it"));
    }
  }

 private:
  std::vector<std::string>* const errors_;
};

bool InRange(float value) { return std::isfinite(value) && std::fabs(value) <= kWidestWeight; }

void CheckEntry(const ScenarioEntry& entry, absl::CivilDay as_of, Report* report, Report* ended) {
  const std::string what = absl::StrCat("scenario ", entry.code);
  const auto scenario = domain::ScenarioFromCode(entry.code);
  if (!scenario.has_value()) {
    report->Add(entry.origin, absl::StrCat("scenario code \"", entry.code,
                                           "\" is not known; use one of those in "
                                           "supervision.v1.Scenario, without its prefix"));
    return;
  }
  report->AddUnless(entry.number == static_cast<int32_t>(*scenario), entry.origin,
                    absl::StrCat(what, ": number must be ", static_cast<int>(*scenario)));
  report->AddUnless(!entry.name_zh.empty() && !entry.name_en.empty(), entry.origin,
                    absl::StrCat(what, ": give name_zh and name_en"));
  report->AddUnless(!entry.description_zh.empty() && !entry.description_en.empty(), entry.origin,
                    absl::StrCat(what, ": give description_zh and description_en"));
  report->AddUnless(!entry.owner_subjects.empty() || *scenario == domain::Scenario::kOutOfScope,
                    entry.origin, absl::StrCat(what, ": name at least one owner_subject"));
  for (const std::string& subject : entry.owner_subjects) {
    report->AddUnless(
        std::find(kSubjects.begin(), kSubjects.end(), subject) != kSubjects.end(), entry.origin,
        absl::StrCat(what, ": owner_subject \"", subject, "\" is not known; use ",
                     absl::StrJoin(kSubjects, ", ",
                                   [](std::string* out, auto name) { out->append(name); })));
  }
  report->CheckBasis(entry.legal_basis, entry.origin, what);
  report->CheckDates(entry.effective, entry.origin, what);
  (entry.effective.EndedBefore(as_of) ? ended : report)
      ->AddUnless(entry.effective.Covers(as_of), entry.origin,
                  absl::StrCat(what,
                               ": not in force today; correct effective_from or "
                               "effective_to, every class is needed"));
}

void CheckScoring(const Scoring& scoring, Report* report) {
  std::map<domain::Scenario, int> ranks;
  for (const domain::Scenario scenario : scoring.precedence) {
    ++ranks[scenario];
  }
  for (const domain::Scenario scenario : domain::kScenarios) {
    const int wanted = scenario == domain::Scenario::kOutOfScope ? 0 : 1;
    report->AddUnless(
        ranks[scenario] == wanted, scoring.origin,
        absl::StrCat("precedence names ", Str(domain::Code(scenario)), " ", ranks[scenario],
                     " times; name it ", wanted == 1 ? "once" : "never"));
  }
  std::map<domain::Scenario, int> priors;
  for (const ClassPrior& prior : scoring.priors) {
    ++priors[prior.scenario];
    report->AddUnless(InRange(prior.bias), prior.origin,
                      absl::StrCat("bias must lie in -", kWidestWeight, " to ", kWidestWeight));
    report->AddUnless(prior.scenario == domain::Scenario::kOutOfScope ||
                          prior.default_risk != domain::Risk::kUnspecified,
                      prior.origin, "give the class a default_risk: LOW, MEDIUM or HIGH");
  }
  for (const domain::Scenario scenario : domain::kScenarios) {
    report->AddUnless(priors[scenario] == 1, scoring.origin,
                      absl::StrCat("priors hold ", Str(domain::Code(scenario)), " ",
                                   priors[scenario], " times; write it once"));
  }
  const auto share = [](float value) { return value >= 0 && value <= 1; };
  report->AddUnless(scoring.temperature > 0 && scoring.temperature <= 100, scoring.origin,
                    "temperature must be greater than 0 and at most 100");
  report->AddUnless(share(scoring.review_below), scoring.origin, "review_below must lie in 0 to 1");
  report->AddUnless(share(scoring.secondary_from), scoring.origin,
                    "secondary_from must lie in 0 to 1");
  report->AddUnless(InRange(scoring.instrument_bonus) && scoring.instrument_bonus >= 0,
                    scoring.origin, "instrument_bonus must lie in 0 to 20");
  report->AddUnless(InRange(scoring.tie_margin) && scoring.tie_margin >= 0, scoring.origin,
                    "tie_margin must lie in 0 to 20");
  report->AddUnless(scoring.within > 0 && scoring.within <= 200, scoring.origin,
                    "within must be 1 to 200");
  report->AddUnless(scoring.unless_within > 0 && scoring.unless_within <= 200, scoring.origin,
                    "unless_within must be 1 to 200");
}

void CheckFormula(const RiskFormula& formula, Report* report) {
  report->AddUnless(0 <= formula.base_low && formula.base_low <= formula.base_medium &&
                        formula.base_medium <= formula.base_high && formula.base_high <= 100,
                    formula.origin, "the bases must rise from low to high within 0 to 100");
  report->AddUnless(0 < formula.medium_from && formula.medium_from < formula.high_from &&
                        formula.high_from <= 100,
                    formula.origin, "medium_from must lie below high_from, both in 1 to 100");
  report->AddUnless(formula.repeat >= 0 && formula.repeat_max >= formula.repeat &&
                        formula.sensitivity >= 0 &&
                        formula.sensitivity_max >= formula.sensitivity &&
                        formula.spread_group >= 0 && formula.spread_crowd >= formula.spread_group,
                    formula.origin, "addends must not be negative, nor greater than their maximum");
  report->AddUnless(0 < formula.group_from && formula.group_from < formula.crowd_from,
                    formula.origin, "group_from must be at least 1 and below crowd_from");
}

void CheckRule(const Rule& rule, const std::map<std::string, const Problem*>& problems,
               Report* report) {
  const std::string what = absl::StrCat("rule ", rule.id);
  const bool names_class = rule.kind == RuleKind::kInstrument || rule.kind == RuleKind::kSubstance;
  report->AddUnless(!rule.id.empty(), rule.origin, "a rule without an id; give it one");
  report->AddUnless(rule.kind != RuleKind::kUnspecified, rule.origin,
                    absl::StrCat(what, ": kind must be INSTRUMENT, SUBSTANCE, SCOPE or RISK"));
  if (names_class) {
    report->AddUnless(rule.scenario != domain::Scenario::kUnspecified &&
                          rule.scenario != domain::Scenario::kOutOfScope,
                      rule.origin,
                      absl::StrCat(what,
                                   ": an INSTRUMENT or SUBSTANCE rule needs one of the 11 "
                                   "scenarios; for OUT_OF_SCOPE write a SCOPE rule"));
  } else {
    report->AddUnless(rule.scenario == domain::Scenario::kUnspecified && rule.weight == 0,
                      rule.origin,
                      absl::StrCat(what,
                                   ": a SCOPE or RISK rule takes neither scenario nor "
                                   "weight; drop them"));
  }
  report->AddUnless(
      InRange(rule.weight) && InRange(rule.scope), rule.origin,
      absl::StrCat(what, ": weight and scope must lie in -", kWidestWeight, " to ", kWidestWeight));
  report->AddUnless(!rule.any.empty() || !rule.instruments.empty(), rule.origin,
                    absl::StrCat(what, ": nothing to match; write patterns under `any`"));
  report->AddUnless(rule.problem.empty() || problems.count(rule.problem) > 0, rule.origin,
                    absl::StrCat(what, ": problem \"", rule.problem,
                                 "\" is not defined; define it under `problems`"));
  report->AddUnless(rule.kind != RuleKind::kRisk || rule.signal != domain::Risk::kUnspecified ||
                        rule.addend != RiskAddend::kNone,
                    rule.origin, absl::StrCat(what, ": a RISK rule needs a signal or an addend"));
  report->CheckBasis(rule.legal_basis, rule.origin, what);
  report->CheckDates(rule.effective, rule.origin, what);
}

}  // namespace

void CheckCatalogue(const Catalogue& catalogue, absl::CivilDay as_of,
                    std::vector<std::string>* errors, std::vector<std::string>* ended) {
  errors->insert(errors->end(), catalogue.mistakes.begin(), catalogue.mistakes.end());
  Report report(errors);
  Report lapsed(ended);
  report.AddUnless(!catalogue.version.empty(), catalogue.origin,
                   "the catalogue has no version; give it one");
  report.CheckDates(catalogue.effective, catalogue.origin, "catalogue");
  (catalogue.effective.EndedBefore(as_of) ? lapsed : report)
      .AddUnless(catalogue.effective.Covers(as_of), catalogue.origin,
                 "the catalogue is not in force today; correct its dates or install the current "
                 "one");
  std::map<std::string, int> seen;
  for (const ScenarioEntry& entry : catalogue.scenarios) {
    CheckEntry(entry, as_of, &report, &lapsed);
    report.AddUnless(++seen[entry.code] == 1, entry.origin,
                     absl::StrCat("scenario ", entry.code, " is defined twice; drop one"));
  }
  for (const domain::Scenario scenario : domain::kScenarios) {
    report.AddUnless(seen.count(Str(domain::Code(scenario))) > 0, catalogue.origin,
                     absl::StrCat("scenario ", Str(domain::Code(scenario)), " is missing; add it"));
  }
}

void CheckRules(const RuleSet& rules, std::vector<std::string>* errors) {
  errors->insert(errors->end(), rules.mistakes.begin(), rules.mistakes.end());
  Report report(errors);
  report.AddUnless(!rules.version.empty(), rules.origin,
                   "the rules have no version; give `version` in one of the files");
  CheckScoring(rules.scoring, &report);
  CheckFormula(rules.risk, &report);
  std::map<std::string, const Problem*> problems;
  for (const Problem& problem : rules.problems) {
    const std::string what = absl::StrCat("problem ", problem.code);
    report.AddUnless(!problem.code.empty() && problems.emplace(problem.code, &problem).second,
                     problem.origin, absl::StrCat(what, " is nameless or defined twice; drop one"));
    report.AddUnless(!problem.name_zh.empty() && !problem.name_en.empty(), problem.origin,
                     absl::StrCat(what, ": give name_zh and name_en"));
    report.AddUnless(problem.risk != domain::Risk::kUnspecified, problem.origin,
                     absl::StrCat(what, ": give its risk: LOW, MEDIUM or HIGH"));
    report.AddUnless(problem.scenario != domain::Scenario::kUnspecified &&
                         problem.scenario != domain::Scenario::kOutOfScope,
                     problem.origin, absl::StrCat(what, ": give one of the 11 scenarios"));
    report.CheckBasis(problem.legal_basis, problem.origin, what);
    report.CheckDates(problem.effective, problem.origin, what);
  }
  std::map<std::string, int> lexicons;
  for (const Lexicon& lexicon : rules.lexicons) {
    report.AddUnless(!lexicon.phrases.empty(), lexicon.origin,
                     absl::StrCat("lexicon ", lexicon.name, " is empty; write phrases or drop it"));
    report.AddUnless(++lexicons[lexicon.name] == 1, lexicon.origin,
                     absl::StrCat("lexicon ", lexicon.name, " is defined twice; join them"));
  }
  std::map<std::string, Origin> ids;
  for (const Rule& rule : rules.rules) {
    CheckRule(rule, problems, &report);
    const auto [first, fresh] = ids.emplace(rule.id, rule.origin);
    report.AddUnless(fresh, rule.origin,
                     absl::StrCat("rule id ", rule.id, " is already used in ",
                                  ToString(first->second), "; choose another"));
  }
  for (const std::vector<Phrase>* names :
       {&rules.reading.organ, &rules.reading.told, &rules.reading.in_vain}) {
    for (const Phrase& name : *names) {
      const bool cue = std::string_view(name.text).starts_with(kCuePrefix);
      report.AddUnless(
          (cue && lexicons.count(name.text) > 0) || ids.count(name.text) > 0, name.origin,
          absl::StrCat("reading: ", name.text, " is neither a lexicon that begins with ",
                       Str(kCuePrefix), " nor a rule; correct the name"));
    }
  }
}

}  // namespace supervision::classification
