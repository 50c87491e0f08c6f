#include "clients/cli/evaluation/workbench.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "services/classification/evaluation/judge.h"
#include "services/classification/model/model.h"
#include "services/classification/model/trainer.h"
#include "services/config/catalogue_config.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"
#include "services/domain/scenario.h"

namespace supervision::cli {
namespace {

using classification::Answer;
using classification::Classifier;
using classification::LabelledClue;
using classification::Model;

bool HasClassesOfCatalogue(const Model& model) {
  return model.classes().size() == domain::kScenarios.size() &&
         std::all_of(model.classes().begin(), model.classes().end(), [](const std::string& name) {
           return domain::ScenarioFromCode(name).has_value();
         });
}

std::vector<Answer> JudgeAll(const Classifier& classifier, const std::vector<LabelledClue>& clues) {
  std::vector<Answer> answers;
  for (const LabelledClue& clue : clues) {
    answers.push_back(classification::Judge(classifier, clue));
  }
  return answers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Workbench>> Workbench::Open(const ClassifierFiles& files) {
  auto catalogue = config::LoadCatalogue(files.catalogue);
  if (!catalogue.ok()) return catalogue.status();
  auto rules = config::LoadRules(files.rules, domain::CivilDate(absl::Now()));
  if (!rules.ok()) return rules.status();
  std::unique_ptr<Workbench> bench(new Workbench);
  bench->model_file_ = files.model;
  bench->catalogue_ = *std::move(catalogue);
  bench->rules_ = *std::move(rules);
  auto rules_only = Classifier::Create(bench->catalogue_, bench->rules_);
  if (!rules_only.ok()) return rules_only.status();
  bench->rules_only_ = *std::move(rules_only);
  return bench;
}

absl::StatusOr<std::vector<Answer>> Workbench::Judge(const std::vector<LabelledClue>& clues) {
  if (model_file_.empty()) return JudgeAll(*rules_only_, clues);
  const auto model = config::LoadModel(model_file_);
  if (!model.ok()) return model.status();
  const auto classifier = Classifier::Create(catalogue_, rules_, *model);
  if (!classifier.ok()) return classifier.status();
  model_version_ = std::string((*model)->version());
  return JudgeAll(**classifier, clues);
}

absl::StatusOr<std::vector<Answer>> Workbench::LearnAndJudge(
    const std::vector<LabelledClue>& training, const std::vector<LabelledClue>& clues,
    uint64_t seed) {
  const auto bytes =
      classification::Train(training, *rules_only_, {.seed = seed, .version = "evaluation"});
  if (!bytes.ok()) return bytes.status();
  const auto model = Model::Load(*bytes);
  if (!model.ok()) return model.status();
  model_version_ = std::string((*model)->version());
  if (HasClassesOfCatalogue(**model)) {
    const auto classifier = Classifier::Create(catalogue_, rules_, *model);
    if (!classifier.ok()) return classifier.status();
    return JudgeAll(**classifier, clues);
  }
  std::vector<Answer> answers;
  for (const LabelledClue& clue : clues) {
    answers.push_back(classification::AnswerOf(
        (*model)->classes(), rules_only_->Probabilities(**model, classification::ToInput(clue)),
        (*model)->review_below()));
  }
  return answers;
}

}  // namespace supervision::cli
