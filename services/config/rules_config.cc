#include "services/config/rules_config.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/config/catalogue_config.h"
#include "services/config/suggest.h"
#include "services/config/yaml_loader.h"
#include "services/config/yaml_tree.h"
#include "supervision/config/v1/rules.pb.h"

namespace supervision::config {
namespace {

namespace v1 = supervision::config::v1;
using classification::RuleSet;
using domain::Scenario;

struct InstrumentName {
  std::string_view name;
  domain::InstrumentType type;
};
constexpr InstrumentName kInstruments[] = {
    {"COURT_CASE", domain::InstrumentType::kCourtCase},
    {"PENALTY_DECISION", domain::InstrumentType::kPenaltyDecision},
    {"OFFICIAL_DOCUMENT", domain::InstrumentType::kOfficialDocument},
    {"RECONSIDERATION_CASE", domain::InstrumentType::kReconsiderationCase},
    {"PETITION_ITEM", domain::InstrumentType::kPetitionItem},
    {"HOTLINE_ORDER", domain::InstrumentType::kHotlineOrder},
    {"DEPUTY_SUGGESTION", domain::InstrumentType::kDeputySuggestion},
    {"PROPOSAL", domain::InstrumentType::kProposal},
    {"INSPECTION_ITEM", domain::InstrumentType::kInspectionItem},
    {"AUDIT_REPORT", domain::InstrumentType::kAuditReport},
    {"DISCLOSURE_REQUEST", domain::InstrumentType::kDisclosureRequest},
    {"PROCURATORIAL_SUGGESTION", domain::InstrumentType::kProcuratorialSuggestion},
    {"JUDICIAL_SUGGESTION", domain::InstrumentType::kJudicialSuggestion},
    {"MEDIATION_AGREEMENT", domain::InstrumentType::kMediationAgreement},
    {"OTHER", domain::InstrumentType::kOther},
};

// Adds one file to a rule set.
class Adder {
 public:
  Adder(const SourceMap& source, Problems* problems, RuleSet* set)
      : source_(source), problems_(problems), set_(set) {}

  void Add(const v1::RulesFile& file) {
    AddVersion(file);
    const Scenario scenario = ToScenario(file.scenario(), "scenario");
    if (file.has_scoring()) {
      AddScoring(file.scoring());
    }
    if (file.has_risk()) {
      AddRisk(file.risk());
    }
    if (file.has_reading()) {
      AddReading(file.reading());
    }
    for (int i = 0; i < file.statutes_size(); ++i) {
      const v1::StatuteConfig& statute = file.statutes(i);
      const std::string at = absl::StrCat("statutes[", i, "]");
      set_->statutes.push_back(
          {OriginOf(source_, at), statute.name(), statute.full_name(),
           ToEffective(statute.effective(), source_, at + ".effective", problems_),
           statute.replaced_by()});
    }
    for (int i = 0; i < file.lexicons_size(); ++i) {
      const std::string at = absl::StrCat("lexicons[", i, "]");
      set_->lexicons.push_back({OriginOf(source_, at), file.lexicons(i).name(),
                                ToPhrases(file.lexicons(i).phrases(), at + ".phrases")});
    }
    for (int i = 0; i < file.problems_size(); ++i) {
      AddProblem(file.problems(i), absl::StrCat("problems[", i, "]"));
    }
    for (int i = 0; i < file.rules_size(); ++i) {
      AddRule(file.rules(i), scenario, absl::StrCat("rules[", i, "]"));
    }
  }

 private:
  void AddVersion(const v1::RulesFile& file) {
    if (file.version().empty()) {
      return;
    }
    if (!set_->version.empty()) {
      problems_->Add(source_, "version",
                     "another file gives the version already; keep it in one of them");
    }
    set_->version = file.version();
    set_->origin = OriginOf(source_, "version");
  }

  Scenario ToScenario(const std::string& code, const std::string& path) {
    if (code.empty()) {
      return Scenario::kUnspecified;
    }
    if (const auto scenario = domain::ScenarioFromCode(code); scenario.has_value()) {
      return *scenario;
    }
    std::vector<std::string> known;
    for (const Scenario scenario : domain::kScenarios) {
      known.emplace_back(domain::Code(scenario));
    }
    problems_->Add(source_, path,
                   absl::StrCat(Quote(code), " is no scenario; ", Suggest(code, known)));
    return Scenario::kUnspecified;
  }

  std::vector<classification::Phrase> ToPhrases(
      const google::protobuf::RepeatedPtrField<std::string>& texts, const std::string& path) {
    std::vector<classification::Phrase> phrases;
    for (int i = 0; i < texts.size(); ++i) {
      phrases.push_back({OriginOf(source_, absl::StrCat(path, "[", i, "]")), texts.Get(i)});
    }
    return phrases;
  }

  void AddScoring(const v1::ScoringConfig& config) {
    classification::Scoring& scoring = set_->scoring;
    if (!scoring.precedence.empty() || !scoring.priors.empty()) {
      problems_->Add(source_, "scoring",
                     "another file gives the scoring already; keep it in one of them");
      return;
    }
    scoring.origin = OriginOf(source_, "scoring");
    for (int i = 0; i < config.precedence_size(); ++i) {
      scoring.precedence.push_back(
          ToScenario(config.precedence(i), absl::StrCat("scoring.precedence[", i, "]")));
    }
    for (int i = 0; i < config.priors_size(); ++i) {
      const v1::PriorConfig& prior = config.priors(i);
      const std::string at = absl::StrCat("scoring.priors[", i, "]");
      scoring.priors.push_back({OriginOf(source_, at),
                                ToScenario(prior.scenario(), at + ".scenario"), prior.bias(),
                                static_cast<domain::Risk>(prior.default_risk())});
    }
    scoring.instrument_bonus = config.instrument_bonus();
    scoring.tie_margin = config.tie_margin();
    scoring.temperature = config.temperature();
    scoring.review_below = config.review_below();
    scoring.secondary_from = config.secondary_from();
    scoring.within = config.within();
    scoring.unless_within = config.unless_within();
  }

  void AddRisk(const v1::RiskConfig& config) {
    classification::RiskFormula& risk = set_->risk;
    risk.origin = OriginOf(source_, "risk");
    // What is written counts, a 0 too; what is missing keeps its default.
    const auto take = [](bool given, int32_t value, int32_t* into) {
      if (given) {
        *into = value;
      }
    };
    take(config.has_base_low(), config.base_low(), &risk.base_low);
    take(config.has_base_medium(), config.base_medium(), &risk.base_medium);
    take(config.has_base_high(), config.base_high(), &risk.base_high);
    take(config.has_repeat(), config.repeat(), &risk.repeat);
    take(config.has_repeat_max(), config.repeat_max(), &risk.repeat_max);
    take(config.has_spread_group(), config.spread_group(), &risk.spread_group);
    take(config.has_spread_crowd(), config.spread_crowd(), &risk.spread_crowd);
    take(config.has_group_from(), config.group_from(), &risk.group_from);
    take(config.has_crowd_from(), config.crowd_from(), &risk.crowd_from);
    take(config.has_sensitivity(), config.sensitivity(), &risk.sensitivity);
    take(config.has_sensitivity_max(), config.sensitivity_max(), &risk.sensitivity_max);
    take(config.has_medium_from(), config.medium_from(), &risk.medium_from);
    take(config.has_high_from(), config.high_from(), &risk.high_from);
  }

  void AddReading(const v1::ReadingConfig& config) {
    classification::Reading& reading = set_->reading;
    if (!reading.organ.empty() || !reading.told.empty() || !reading.in_vain.empty()) {
      problems_->Add(source_, "reading",
                     "another file gives the reading already; keep it in one of them");
      return;
    }
    reading.organ = ToPhrases(config.organ(), "reading.organ");
    reading.told = ToPhrases(config.told(), "reading.told");
    reading.in_vain = ToPhrases(config.in_vain(), "reading.in_vain");
  }

  void AddProblem(const v1::ProblemConfig& config, const std::string& at) {
    classification::Problem problem;
    problem.origin = OriginOf(source_, at);
    problem.code = config.code();
    problem.scenario = ToScenario(config.scenario(), at + ".scenario");
    problem.name_zh = config.name_zh();
    problem.name_en = config.name_en();
    problem.risk = static_cast<domain::Risk>(config.risk());
    problem.legal_basis =
        ToLegalBasis(config.legal_basis(), source_, at + ".legal_basis", problems_);
    problem.effective = ToEffective(config.effective(), source_, at + ".effective", problems_);
    set_->problems.push_back(std::move(problem));
  }

  void AddRule(const v1::RuleConfig& config, Scenario of_file, const std::string& at) {
    classification::Rule rule;
    rule.origin = OriginOf(source_, at);
    rule.id = config.id();
    rule.kind = static_cast<classification::RuleKind>(config.kind());
    const bool names_class = rule.kind == classification::RuleKind::kInstrument ||
                             rule.kind == classification::RuleKind::kSubstance;
    rule.scenario = !config.scenario().empty() ? ToScenario(config.scenario(), at + ".scenario")
                    : names_class              ? of_file
                                               : Scenario::kUnspecified;
    rule.weight = config.weight();
    rule.scope = config.scope();
    rule.section = static_cast<classification::RuleSection>(config.section());
    rule.any = ToPhrases(config.any(), at + ".any");
    rule.with = ToPhrases(config.with(), at + ".with");
    rule.without = ToPhrases(config.without(), at + ".without");
    rule.unless = ToPhrases(config.unless(), at + ".unless");
    rule.within = config.within();
    for (int i = 0; i < config.instruments_size(); ++i) {
      AddInstrument(config.instruments(i), absl::StrCat(at, ".instruments[", i, "]"), &rule);
    }
    rule.problem = config.problem();
    rule.signal = static_cast<domain::Risk>(config.signal());
    rule.addend = static_cast<classification::RiskAddend>(config.addend());
    rule.reason_zh = config.reason_zh();
    rule.reason_en = config.reason_en();
    rule.legal_basis = ToLegalBasis(config.legal_basis(), source_, at + ".legal_basis", problems_);
    rule.effective = ToEffective(config.effective(), source_, at + ".effective", problems_);
    rule.examples = ToPhrases(config.examples(), at + ".examples");
    rule.counter_examples = ToPhrases(config.counter_examples(), at + ".counter_examples");
    set_->rules.push_back(std::move(rule));
  }

  void AddInstrument(const std::string& name, const std::string& path, classification::Rule* rule) {
    std::vector<std::string> known;
    for (const InstrumentName& row : kInstruments) {
      if (row.name == name) {
        rule->instruments.push_back(row.type);
        return;
      }
      known.emplace_back(row.name);
    }
    problems_->Add(source_, path,
                   absl::StrCat(Quote(name), " is no instrument; ", Suggest(name, known)));
  }

  const SourceMap& source_;
  Problems* const problems_;
  RuleSet* const set_;
};

absl::StatusOr<std::vector<std::string>> YamlFiles(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> paths = RulePaths(folder, &error);
  if (error) {
    return absl::NotFoundError(absl::StrCat("folder ", folder, " cannot be read (", error.message(),
                                            "); set files.rules to the rules"));
  }
  if (paths.empty()) {
    return absl::NotFoundError(
        absl::StrCat("folder ", folder, " holds no *.yaml file; set files.rules to the rules"));
  }
  return paths;
}

}  // namespace

std::vector<std::string> RulePaths(const std::string& folder, std::error_code* error) {
  std::vector<std::string> paths;
  for (std::filesystem::directory_iterator entry(folder, *error), end; !*error && entry != end;
       entry.increment(*error)) {
    const std::filesystem::path& path = entry->path();
    const bool hidden = path.filename().string().front() == '.';
    if (path.extension() == ".yaml" && !hidden) paths.push_back(path.string());
  }
  if (*error) paths.clear();
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::StatusOr<RuleSet> LoadRules(const std::string& folder, absl::CivilDay as_of) {
  const absl::StatusOr<std::vector<std::string>> paths = YamlFiles(folder);
  if (!paths.ok()) {
    return paths.status();
  }
  RuleSet set;
  set.origin = {folder, 0};
  set.as_of = as_of;
  Problems problems;
  bool readable = true;
  for (const std::string& path : *paths) {
    const absl::StatusOr<std::string> text = ReadFile(path, kMaxYamlBytes);
    if (!text.ok()) {
      return text.status();
    }
    v1::RulesFile file;
    SourceMap source;
    if (ReadYaml(*text, path, &file, &source, &problems)) {
      Adder(source, &problems, &set).Add(file);
    } else {
      readable = false;
    }
  }
  if (!readable) {
    return problems.ToStatus();
  }
  set.mistakes = Lines(problems);
  return set;
}

}  // namespace supervision::config
