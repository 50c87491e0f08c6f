#include "services/classification/classifier.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/base/mutex.h"
#include "services/classification/catalogue.h"
#include "services/classification/checks.h"
#include "services/classification/digest.h"
#include "services/classification/examples.h"
#include "services/classification/explainer.h"
#include "services/classification/explanation_text.h"
#include "services/classification/fusion.h"
#include "services/classification/matcher.h"
#include "services/classification/model/model.h"
#include "services/classification/normaliser.h"
#include "services/classification/rule_index.h"
#include "services/classification/rules.h"
#include "services/classification/scorer.h"
#include "services/classification/statutes.h"

namespace supervision::classification {

namespace {

constexpr size_t kModelPlaces = 3;  // strongest places of the model that become evidence
constexpr size_t kMostEvidence = 16;
constexpr char kModelPhrase[] = "MODEL.PHRASE";
constexpr char kModelSentence[] = "MODEL.SENTENCE";

// The classes of the shipped catalogue, by the model's numbers; empty when they are not those.
std::vector<domain::Scenario> ScenariosOf(const Model& model) {
  std::vector<domain::Scenario> scenarios;
  for (const std::string& name : model.classes()) {
    const auto scenario = domain::ScenarioFromCode(name);
    if (!scenario.has_value()) {
      return {};
    }
    scenarios.push_back(*scenario);
  }
  return scenarios.size() == domain::kScenarios.size() ? scenarios
                                                       : std::vector<domain::Scenario>();
}

}  // namespace

// What a classifier is made of. Desks hold the memory of one classification; as many exist as
// threads have ever classified at once, and they are reused.
class Classifier::Engine {
 public:
  Engine(Catalogue catalogue, RuleSet rules, std::unique_ptr<Normaliser> normaliser,
         std::shared_ptr<const Model> model, std::vector<std::string> lapsed)
      : catalogue_(std::move(catalogue)),
        rules_(std::move(rules)),
        version_(absl::StrCat(rules_.version, "+", ShortDigest(rules_))),
        lapsed_(std::move(lapsed)),
        normaliser_(std::move(normaliser)),
        model_(std::move(model)) {
    if (model_ != nullptr) {
      scenarios_ = ScenariosOf(*model_);
      version_ = absl::StrCat(version_, "/", std::string(model_->version()));
    }
    for (const Rule& rule : rules_.rules) {
      if (rule.effective.Covers(rules_.as_of)) {
        in_force_.push_back(&rule);
      }
    }
  }

  // Compiles the patterns and runs the examples; what is wrong is appended to `errors`.
  void Compile(std::vector<std::string>* errors) {
    if (model_ != nullptr && scenarios_.empty()) {
      errors->push_back(
          "the model's classes are not the 12 of the catalogue; train one from clues labelled with "
          "those");
    }
    index_ = BuildRuleIndex(in_force_, rules_.lexicons, rules_.scoring, *normaliser_, errors);
    if (errors->empty()) {  // else there may be nothing to match with
      for (const auto& mistake : RunExamples(in_force_, *index_, *normaliser_).mistakes) {
        errors->push_back(ToString(mistake));
      }
    }
    scorer_ = std::make_unique<Scorer>(rules_, in_force_);
    explainer_ = std::make_unique<Explainer>(rules_, in_force_, *index_);
  }

  // With a place for it, also explains.
  domain::Verdict Classify(const Input& input, domain::Explanation* explanation) {
    std::unique_ptr<Desk> desk = Take();
    const std::vector<RuleMatch>& matches = desk->matcher.Match(input);
    domain::Verdict verdict;
    if (model_ == nullptr) {
      verdict = scorer_->Score(matches, desk->matcher.persons(), nullptr);
      if (explanation != nullptr)
        *explanation = Explain(input, verdict, desk.get(), matches, nullptr);
    } else {
      desk->matcher.Describe(&desk->features);
      const Opinion opinion = Ask(desk.get());
      verdict = scorer_->Score(matches, desk->matcher.persons(), &opinion);
      AddModelEvidence(desk.get(), &verdict);
      if (explanation != nullptr)
        *explanation = Explain(input, verdict, desk.get(), matches, &opinion);
    }
    Return(std::move(desk));
    verdict.catalogue_version = catalogue_.version;
    verdict.rules_version = version_;
    return verdict;
  }

  domain::Verdict ClassifyByRules(const Input& input) {
    std::unique_ptr<Desk> desk = Take();
    domain::Verdict verdict =
        scorer_->Score(desk->matcher.Match(input), desk->matcher.persons(), nullptr);
    Return(std::move(desk));
    return verdict;
  }

  void Describe(const Input& input, Features* features) {
    std::unique_ptr<Desk> desk = Take();
    desk->matcher.Match(input);
    desk->matcher.Describe(features);
    Return(std::move(desk));
  }

  std::vector<float> Probabilities(const Model& model, const Input& input) {
    std::unique_ptr<Desk> desk = Take();
    desk->matcher.Match(input);
    desk->matcher.Describe(&desk->features);
    std::vector<float> probabilities(model.classes().size());
    model.Score(desk->features, &desk->workspace, probabilities.data());
    Return(std::move(desk));
    return probabilities;
  }

  const Catalogue& catalogue() const { return catalogue_; }
  std::string_view version() const { return version_; }
  const std::vector<std::string>& lapsed() const { return lapsed_; }
  std::string_view model_version() const { return model_ == nullptr ? "" : model_->version(); }

 private:
  struct Desk {
    Desk(const RuleIndex* index, const Normaliser* normaliser) : matcher(index, normaliser) {}

    Matcher matcher;
    Features features;
    Model::Workspace workspace;
  };

  std::unique_ptr<Desk> Take() {
    {
      base::MutexLock lock(&mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Desk> desk = std::move(idle_.back());
        idle_.pop_back();
        return desk;
      }
    }
    return std::make_unique<Desk>(index_.get(), normaliser_.get());
  }

  void Return(std::unique_ptr<Desk> desk) {
    base::MutexLock lock(&mutex_);
    idle_.push_back(std::move(desk));
  }

  Opinion Ask(Desk* desk) const {
    std::array<float, Model::kMaxClasses> probabilities;
    model_->Score(desk->features, &desk->workspace, probabilities.data());
    Opinion opinion;
    for (size_t i = 0; i < scenarios_.size(); ++i) {
      opinion.probabilities[static_cast<size_t>(scenarios_[i])] = probabilities[i];
    }
    opinion.review_below = model_->review_below();
    opinion.high = model_->HighRisk(desk->workspace);
    opinion.problems = [this, desk](domain::Scenario scenario) {
      return model_->Problems(ModelClass(scenario), &desk->workspace);
    };
    return opinion;
  }

  domain::Explanation Explain(const Input& input, const domain::Verdict& verdict, Desk* desk,
                              const std::vector<RuleMatch>& matches, const Opinion* opinion) const {
    const Standing standing = scorer_->Stand(matches, opinion);
    Explainer::Findings findings;
    findings.matcher = &desk->matcher;
    findings.matches = &matches;
    findings.standing = &standing;
    if (opinion != nullptr) {
      findings.model = model_.get();
      findings.classes = &scenarios_;
      findings.features = &desk->features;
      findings.workspace = &desk->workspace;
    }
    domain::Explanation explanation = explainer_->Explain(findings, verdict.problem_codes);
    explanation.rules_version = version_;
    WriteSentences(input, catalogue_, rules_.problems, standing.shares[standing.winner],
                   &explanation);
    return explanation;
  }

  size_t ModelClass(domain::Scenario scenario) const {
    return static_cast<size_t>(std::find(scenarios_.begin(), scenarios_.end(), scenario) -
                               scenarios_.begin());
  }

  // The places that spoke most for the class rather than for the second reading (or for the other
  // side of the scope where there is none), and the sentence that did.
  void AddModelEvidence(Desk* desk, domain::Verdict* verdict) const {
    const bool out = verdict->scenario == domain::Scenario::kOutOfScope;
    domain::Scenario rival = verdict->secondary;
    if (rival == domain::Scenario::kUnspecified) {
      rival = out ? domain::Scenario::kAdminEnforcement : domain::Scenario::kOutOfScope;
    }
    const std::vector<Model::Contribution> places =
        model_->Explain(desk->features, ModelClass(verdict->scenario), ModelClass(rival),
                        kModelPlaces, &desk->workspace);
    struct Found {
      RuleMatch place;
      const char* id;
      float weight;
    };
    std::array<Found, kModelPlaces + 1> found;
    size_t count = 0;
    const auto add = [&](const Model::Contribution& place, const char* id) {
      const RuleMatch match = desk->matcher.PlaceOf(place.begin, place.end);
      if (match.part != domain::TextPart::kUnspecified) {
        found[count++] = {match, id, place.weight};
      }
    };
    if (const Model::Contribution sentence = StrongestSentence(*desk); sentence.weight > 0) {
      add(sentence, kModelSentence);
    }
    for (const Model::Contribution& place : places) {
      add(place, kModelPhrase);
    }
    std::vector<domain::EvidenceSpan>& evidence = verdict->evidence;
    evidence.resize(std::min(evidence.size(), kMostEvidence - count));
    for (size_t i = 0; i < count; ++i) {
      const auto weaker = std::find_if(evidence.begin(), evidence.end(), [&](const auto& span) {
        return span.weight < found[i].weight;
      });
      evidence.insert(weaker, {found[i].place.part, found[i].place.begin, found[i].place.end,
                               found[i].id, verdict->scenario, found[i].weight});
    }
  }

  static Model::Contribution StrongestSentence(const Desk& desk) {
    const std::vector<float>& weights = desk.workspace.character_weights();
    const std::vector<uint32_t>& offsets = desk.features.offsets;
    Model::Contribution best;
    size_t at = 0;
    const auto take = [&](uint32_t end) {
      Model::Contribution sentence{offsets[at], end, 0};
      for (; at < weights.size() && offsets[at] < end; ++at) {
        sentence.weight += weights[at];
      }
      if (sentence.weight > best.weight) {
        best = sentence;
      }
    };
    for (const uint32_t last : desk.matcher.sentence_ends()) {
      take(last);
    }
    if (at > 0 && at < weights.size()) {  // a text of one sentence needs none pointed out
      take(offsets.back());
    }
    return best;
  }

  const Catalogue catalogue_;
  const RuleSet rules_;
  std::string version_;
  const std::vector<std::string> lapsed_;
  const std::unique_ptr<Normaliser> normaliser_;
  const std::shared_ptr<const Model> model_;  // may be null
  std::vector<domain::Scenario> scenarios_;   // of the model's classes
  std::vector<const Rule*> in_force_;
  std::unique_ptr<RuleIndex> index_;
  std::unique_ptr<Scorer> scorer_;
  std::unique_ptr<Explainer> explainer_;
  base::Mutex mutex_;
  std::vector<std::unique_ptr<Desk>> idle_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<Classifier>> Classifier::Create(const Catalogue& catalogue,
                                                               const RuleSet& rules) {
  return Create(catalogue, rules, nullptr);
}

absl::StatusOr<std::unique_ptr<Classifier>> Classifier::Create(const Catalogue& catalogue,
                                                               const RuleSet& rules,
                                                               std::shared_ptr<const Model> model,
                                                               Lapsed lapsed) {
  absl::StatusOr<std::unique_ptr<Normaliser>> normaliser = Normaliser::Create();
  if (!normaliser.ok()) {
    return normaliser.status();
  }
  std::vector<std::string> errors;
  std::vector<std::string> ended;
  CheckCatalogue(catalogue, rules.as_of, &errors, &ended);
  CheckRules(rules, &errors);
  CheckCitations(catalogue, rules, &errors, &ended);
  if (lapsed == Lapsed::kRefuse) {
    errors.insert(errors.end(), ended.begin(), ended.end());
  }
  auto engine = std::make_unique<Engine>(WithoutEndedCitations(catalogue, rules), rules,
                                         *std::move(normaliser), std::move(model), ended);
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

domain::Verdict Classifier::Classify(const Input& input) const {
  return engine_->Classify(input, nullptr);
}

domain::Verdict Classifier::Classify(const Input& input, domain::Explanation* explanation) const {
  return engine_->Classify(input, explanation);
}

domain::Verdict Classifier::ClassifyByRules(const Input& input) const {
  return engine_->ClassifyByRules(input);
}

void Classifier::Describe(const Input& input, Features* features) const {
  engine_->Describe(input, features);
}

std::vector<float> Classifier::Probabilities(const Model& model, const Input& input) const {
  return engine_->Probabilities(model, input);
}

const Catalogue& Classifier::catalogue() const { return engine_->catalogue(); }

std::string_view Classifier::rules_version() const { return engine_->version(); }

std::string_view Classifier::model_version() const { return engine_->model_version(); }

const std::vector<std::string>& Classifier::lapsed() const { return engine_->lapsed(); }

}  // namespace supervision::classification
