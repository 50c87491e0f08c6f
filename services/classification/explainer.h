#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "services/classification/catalogue.h"
#include "services/classification/classifier.h"
#include "services/classification/fusion.h"
#include "services/classification/matcher.h"
#include "services/classification/model/model.h"
#include "services/classification/rule_index.h"
#include "services/classification/rules.h"
#include "services/domain/explanation.h"

namespace supervision::classification {

// Says why a verdict is so and not otherwise: which sentence decided the scope, who is blamed for
// what, and why the second class is only the second. Apart from the making of verdicts, as nearly
// all of them are never asked for. Immutable once made; any number of threads may use it.
class Explainer {
 public:
  // `rules` are those in force, in the order of `index`; all must outlive the explainer.
  Explainer(const RuleSet& set, const std::vector<const Rule*>& rules, const RuleIndex& index);

  // What was found in one text.
  struct Findings {
    Matcher* matcher = nullptr;  // that has just matched it
    const std::vector<RuleMatch>* matches = nullptr;
    const Standing* standing = nullptr;
    const Model* model = nullptr;                            // null: the rules decided alone
    const std::vector<domain::Scenario>* classes = nullptr;  // of the model
    const Features* features = nullptr;                      // that the model has just scored
    Model::Workspace* workspace = nullptr;
  };

  // Everything but the sentences and the version. `problems`: the codes of the verdict.
  domain::Explanation Explain(const Findings& findings,
                              const std::vector<std::string>& problems) const;

 private:
  using Spans = std::vector<domain::EvidenceSpan>;
  class Text;

  float Speaks(const Rule& rule, domain::Scenario scenario, domain::Scenario rival) const;
  Spans Strongest(const Findings& findings, domain::Scenario scenario,
                  domain::Scenario rival) const;
  Spans OfRules(const Findings& findings, domain::Scenario scenario, domain::Scenario rival) const;
  Spans OfModel(const Findings& findings, const std::vector<Model::Contribution>& places,
                domain::Scenario scenario) const;
  domain::Passage ActOf(const Findings& findings, domain::Scenario scenario) const;
  static float WeightOf(const Findings& findings, const Matcher::Bytes& part, size_t* at);
  Spans ClausesOf(const Findings& findings, size_t klass, const std::string& code) const;
  domain::ProblemReason ReadProblem(const Findings& findings, const std::string& code) const;
  void ReadScope(const Findings& findings, domain::ScopeReason* scope) const;
  void ReadRunnerUp(const Findings& findings, domain::RunnerUp* second) const;
  domain::Passage OrganOf(const Text& text, size_t deciding, const domain::Passage& act) const;
  void ReadTold(const Text& text, domain::ScopeReason* scope) const;

  // What a part of the reading rests on, by number.
  struct Words {
    std::vector<size_t> cues;
    std::vector<uint32_t> rules;
  };
  Words WordsOf(const std::vector<Phrase>& names, const RuleIndex& index) const;

  const std::vector<const Rule*>& rules_;
  const Words organ_;
  const Words told_;
  const Words in_vain_;
};

}  // namespace supervision::classification
