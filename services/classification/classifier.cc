#include "services/classification/classifier.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/mutex.h"
#include "services/classification/catalogue.h"
#include "services/classification/checks.h"
#include "services/classification/digest.h"
#include "services/classification/matcher.h"
#include "services/classification/normaliser.h"
#include "services/classification/rule_index.h"
#include "services/classification/rules.h"
#include "services/classification/scorer.h"

namespace supervision::classification {

// What a classifier is made of. Matchers hold the memory of one classification; as many exist as
// threads have ever classified at once, and they are reused.
class Classifier::Engine {
 public:
  Engine(Catalogue catalogue, RuleSet rules, std::unique_ptr<Normaliser> normaliser)
      : catalogue_(std::move(catalogue)),
        rules_(std::move(rules)),
        version_(absl::StrCat(rules_.version, "+", ShortDigest(rules_))),
        normaliser_(std::move(normaliser)) {
    for (const Rule& rule : rules_.rules) {
      if (rule.effective.Covers(rules_.as_of)) {
        in_force_.push_back(&rule);
      }
    }
  }

  // Compiles the patterns; what is wrong is appended to `errors`.
  void Compile(std::vector<std::string>* errors) {
    index_ = BuildRuleIndex(in_force_, rules_.lexicons, rules_.scoring, *normaliser_, errors);
    scorer_ = std::make_unique<Scorer>(rules_, in_force_);
  }

  domain::Verdict Classify(const Input& input) {
    std::unique_ptr<Matcher> matcher = Take();
    const std::vector<RuleMatch>& matches = matcher->Match(input);
    domain::Verdict verdict = scorer_->Score(matches, matcher->persons());
    Return(std::move(matcher));
    verdict.catalogue_version = catalogue_.version;
    verdict.rules_version = version_;
    return verdict;
  }

  const Catalogue& catalogue() const { return catalogue_; }
  std::string_view version() const { return version_; }

 private:
  std::unique_ptr<Matcher> Take() {
    {
      base::MutexLock lock(&mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Matcher> matcher = std::move(idle_.back());
        idle_.pop_back();
        return matcher;
      }
    }
    return std::make_unique<Matcher>(index_.get(), normaliser_.get());
  }

  void Return(std::unique_ptr<Matcher> matcher) {
    base::MutexLock lock(&mutex_);
    idle_.push_back(std::move(matcher));
  }

  const Catalogue catalogue_;
  const RuleSet rules_;
  const std::string version_;
  const std::unique_ptr<Normaliser> normaliser_;
  std::vector<const Rule*> in_force_;
  std::unique_ptr<RuleIndex> index_;
  std::unique_ptr<Scorer> scorer_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<Matcher>> idle_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<Classifier>> Classifier::Create(const Catalogue& catalogue,
                                                               const RuleSet& rules) {
  absl::StatusOr<std::unique_ptr<Normaliser>> normaliser = Normaliser::Create();
  if (!normaliser.ok()) {
    return normaliser.status();
  }
  std::vector<std::string> errors;
  CheckCatalogue(catalogue, rules.as_of, &errors);
  CheckRules(rules, &errors);
  auto engine = std::make_unique<Engine>(catalogue, rules, *std::move(normaliser));
  engine->Compile(&errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(errors.size(), errors.size() == 1 ? " mistake" : " mistakes",
                     " in the catalogue and the rules:\n", absl::StrJoin(errors, "\n")));
  }
  return std::unique_ptr<Classifier>(new Classifier(std::move(engine)));
}

Classifier::Classifier(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Classifier::~Classifier() = default;

domain::Verdict Classifier::Classify(const Input& input) const { return engine_->Classify(input); }

const Catalogue& Classifier::catalogue() const { return engine_->catalogue(); }

std::string_view Classifier::rules_version() const { return engine_->version(); }

}  // namespace supervision::classification
