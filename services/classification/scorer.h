#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/classification/fusion.h"
#include "services/classification/matcher.h"
#include "services/classification/rules.h"
#include "services/domain/verdict.h"

namespace supervision::classification {

// From the rules that matched to a verdict. Immutable once made; any number of threads may use it.
//
// A class scores its bias and the weights of its rules; a class for which an instrument rule speaks
// gets the instrument bonus, so that the instrument decides before the substance (guideline 2.2).
// OUT_OF_SCOPE scores its bias less the scope evidence of all rules. The highest score wins; of the
// 11 classes within the tie margin the first in the order of precedence.
class Scorer {
 public:
  static constexpr size_t kMostProblems = 4;  // codes of a verdict

  // `rules` are those in force, in the order of the rule index; they must outlive the scorer.
  Scorer(const RuleSet& set, const std::vector<const Rule*>& rules);

  // The verdict, without the versions. With a model's opinion, that decides the class (fusion.h)
  // and the rules give evidence and risk; problems both give. Without one the rules decide alone.
  domain::Verdict Score(const std::vector<RuleMatch>& matches, const Persons& persons,
                        const Opinion* opinion) const;

  // How the classes stand to one another in that verdict; for its explanation.
  Standing Stand(const std::vector<RuleMatch>& matches, const Opinion* opinion) const;

 private:
  static constexpr size_t kClasses = kScenarioPlaces;  // by number of the scenario
  using Scores = std::array<float, kClasses>;

  struct Weights {
    float weight = 0;
    float scope = 0;
    uint8_t scenario = 0;
    bool instrument = false;
    bool high = false;
  };

  Standing WeighRules(const std::vector<RuleMatch>& matches) const;
  FusionInput FusionOf(const std::vector<RuleMatch>& matches) const;
  void Choose(const std::vector<RuleMatch>& matches, domain::Verdict* verdict) const;
  // What the addends come to, before a signal lifts them.
  struct Points {
    int32_t text = 0;
    int32_t told = 0;  // what the partner's own number of persons adds to that
  };
  void WeighHigh(const Opinion* opinion, const Points& points, domain::Verdict* verdict) const;
  void ChooseWith(const Opinion& opinion, const std::vector<RuleMatch>& matches,
                  domain::Verdict* verdict) const;
  void AddEvidence(const std::vector<RuleMatch>& matches, domain::Verdict* verdict) const;
  using ProblemList = std::vector<const Problem*>;
  ProblemList ProblemsByRules(const std::vector<RuleMatch>& matches,
                              std::optional<domain::Scenario> scenario) const;
  ProblemList ProblemsOf(const std::vector<RuleMatch>& matches, const Opinion* opinion,
                         domain::Scenario scenario) const;
  int32_t SpreadOf(bool group, bool crowd) const {
    return crowd ? formula_.spread_crowd : group ? formula_.spread_group : 0;
  }
  Points Rate(const std::vector<RuleMatch>& matches, const Persons& persons,
              const ProblemList& problems, domain::Verdict* verdict) const;

  const Scoring scoring_;
  const RiskFormula formula_;
  const std::vector<const Rule*> rules_;
  std::vector<Weights> weights_;               // of each rule
  std::vector<const Problem*> rule_problems_;  // of each rule, or null
  std::vector<Problem> problems_;              // in force
  Scores bias_{};
  std::array<uint8_t, kClasses> rank_{};
  std::array<domain::Risk, kClasses> default_risk_{};
};

}  // namespace supervision::classification
