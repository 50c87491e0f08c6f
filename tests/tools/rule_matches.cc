// Writes which rules match each clue of a labelled set, for fitting the weights of rules: a line of
// id, label, second reading, risk and the ids of the rules, with tabs between. Only the development
// part: what is held out is for measuring (supervisionctl evaluate).

#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "services/classification/evaluation/judge.h"
#include "services/classification/evaluation/part.h"
#include "services/classification/matcher.h"
#include "services/config/labelled_clues.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"

namespace supervision {
namespace {

absl::Status Run(const std::string& labels, const std::string& folder) {
  const auto set = config::LoadLabelledClues({labels}, config::LabelNames::kAny);
  if (!set.ok()) {
    return set.status();
  }
  const auto rules = config::LoadRules(folder, domain::CivilDate(absl::Now()));
  if (!rules.ok()) {
    return rules.status();
  }
  const auto normaliser = classification::Normaliser::Create();
  if (!normaliser.ok()) {
    return normaliser.status();
  }
  std::vector<const classification::Rule*> all;
  for (const classification::Rule& rule : rules->rules) {
    all.push_back(&rule);
  }
  std::vector<std::string> errors;
  const auto index =
      classification::BuildRuleIndex(all, rules->lexicons, rules->scoring, **normaliser, &errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(errors[0]);
  }
  classification::Matcher matcher(index.get(), normaliser->get());
  for (const classification::LabelledClue& clue : set->clues) {
    if (!classification::IsIn(classification::Part::kDevelopment, clue.id)) {
      continue;
    }
    std::printf("%s\t%s\t%s\t%s\t", clue.id.c_str(), clue.label.c_str(), clue.secondary.c_str(),
                clue.risk.c_str());
    for (const auto& match : matcher.Match(classification::ToInput(clue))) {
      std::printf("%s ", all[match.rule]->id.c_str());
    }
    std::printf("\n");
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace supervision

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: rule_matches LABELS.jsonl [RULES]   (rules: deploy/config/rules)\n", stderr);
    return 2;
  }
  const absl::Status status =
      supervision::Run(argv[1], argc == 3 ? argv[2] : "deploy/config/rules");
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  }
  return status.ok() ? 0 : 1;
}
