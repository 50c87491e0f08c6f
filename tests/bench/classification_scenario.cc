#include "absl/time/clock.h"
#include "services/classification/classifier.h"
#include "services/config/catalogue_config.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"

namespace supervision::bench {
namespace {

double VerdictsPerSecond(const classification::Classifier& classifier, absl::Duration duration) {
  const absl::Time begun = absl::Now();
  int64_t verdicts = 0;
  size_t evidence = 0;  // used, so that nothing is left out
  while (absl::Now() - begun < duration) {
    for (const std::string_view text : kTexts) {
      classification::Input input;
      input.title = "反映有关部门履职问题";
      input.content = text;
      evidence += classifier.Classify(input).evidence.size();
      ++verdicts;
    }
  }
  if (evidence == 0) return 0;
  return static_cast<double>(verdicts) / absl::ToDoubleSeconds(absl::Now() - begun);
}

}  // namespace

void MeasureClassification(const Bench& bench, Report* report) {
  const std::string config = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";
  const absl::Time load_begun = absl::Now();
  const auto catalogue = config::LoadCatalogue(config + "/catalogue.yaml");
  const auto rules = config::LoadRules(config + "/rules", domain::CivilDate(load_begun));
  const auto model = config::LoadModel(config + "/model/model.bin");
  if (!catalogue.ok() || !rules.ok() || !model.ok()) return;
  const auto classifier = classification::Classifier::Create(*catalogue, *rules, *model);
  report->Add("classifier_load_ms", "load of the shipped rules and model",
              absl::ToDoubleMilliseconds(absl::Now() - load_begun), "ms", "<= 300");
  const auto rules_only = classification::Classifier::Create(*catalogue, *rules);
  if (!classifier.ok() || !rules_only.ok()) return;
  report->Add("verdicts_per_second_rules_only",
              "rules without the model, one core, 200 code points",
              VerdictsPerSecond(**rules_only, bench.duration / 2), "/s");
  report->Add("verdicts_per_second", "classification as served, one core, 200 code points",
              VerdictsPerSecond(**classifier, bench.duration / 2), "/s", ">= 50000");
}

}  // namespace supervision::bench
