#include "absl/time/clock.h"
#include "services/classification/classifier.h"
#include "services/config/catalogue_config.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"
#include "tests/bench/requests.h"
#include "tests/bench/scenarios.h"

namespace supervision::bench {

void MeasureClassification(const Bench& bench, Report* report) {
  const std::string config = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";
  const absl::Time load_begun = absl::Now();
  const auto catalogue = config::LoadCatalogue(config + "/catalogue.yaml");
  const auto rules = config::LoadRules(config + "/rules", domain::CivilDate(load_begun));
  if (!catalogue.ok() || !rules.ok()) return;
  const auto classifier = classification::Classifier::Create(*catalogue, *rules);
  if (!classifier.ok()) return;
  report->Add("rules_load_ms", "load and compilation of the shipped rules",
              absl::ToDoubleMilliseconds(absl::Now() - load_begun), "ms");

  const absl::Time begun = absl::Now();
  int64_t verdicts = 0;
  size_t evidence = 0;  // used, so that nothing is left out
  while (absl::Now() - begun < bench.duration / 2) {
    for (const std::string_view text : kTexts) {
      classification::Input input;
      input.title = "反映有关部门履职问题";
      input.content = text;
      evidence += (*classifier)->Classify(input).evidence.size();
      ++verdicts;
    }
  }
  const double per_second =
      static_cast<double>(verdicts) / absl::ToDoubleSeconds(absl::Now() - begun);
  report->Add("verdicts_per_second", "classification alone, one core, 200 code points", per_second,
              "/s", evidence > 0 ? ">= 50000" : "");
}

}  // namespace supervision::bench
