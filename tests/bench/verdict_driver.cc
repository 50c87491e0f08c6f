// Sorts labelled clues with the shipped rules and model, for two questions about a change of the
// engine: are the verdicts the same to the byte (`dump`, compared with diff), and what do they cost
// (`loop`, under callgrind or perf stat)?
//
//   verdict_driver dump [--rules-only] FILE...      one line a clue: the whole verdict
//   verdict_driver loop N [--rules-only] FILE...    N verdicts, in turn; prints allocations a
//   verdict

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/classification/classifier.h"
#include "services/config/catalogue_config.h"
#include "services/config/labelled_clues.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"
#include "tests/bench/allocations.h"

namespace supervision::bench {
namespace {

constexpr absl::CivilDay kDay(2026, 6, 1);

std::string Line(const classification::LabelledClue& clue, const domain::Verdict& verdict) {
  std::string line = absl::StrFormat(
      "%s %s %s %.9g %d %d %d %s %s", clue.id, std::string(domain::Code(verdict.scenario)),
      std::string(domain::Code(verdict.secondary)), verdict.confidence,
      static_cast<int>(verdict.risk), verdict.risk_score, verdict.needs_review ? 1 : 0,
      verdict.catalogue_version, verdict.rules_version);
  for (const domain::RiskReason& reason : verdict.risk_reasons) {
    absl::StrAppendFormat(&line, " [%s %d %s %s]", reason.code, reason.points, reason.chinese,
                          reason.english);
  }
  for (const std::string& code : verdict.problem_codes) {
    absl::StrAppend(&line, " ", code);
  }
  for (const domain::EvidenceSpan& span : verdict.evidence) {
    absl::StrAppendFormat(&line, " (%d:%d-%d %s %s %.9g)", static_cast<int>(span.part), span.begin,
                          span.end, span.rule_id, std::string(domain::Code(span.scenario)),
                          span.weight);
  }
  return line;
}

classification::Input InputOf(const classification::LabelledClue& clue) {
  return {clue.title, clue.content, nullptr, std::nullopt};
}

int Run(const std::vector<std::string>& arguments) {
  std::vector<std::string> files;
  bool rules_only = false;
  long verdicts = -1;  // dump
  size_t at = 1;
  if (arguments.size() > 2 && arguments[0] == "loop") {
    verdicts = std::atol(arguments[1].c_str());
    at = 2;
  } else if (arguments.empty() || arguments[0] != "dump") {
    std::cerr << "usage: verdict_driver (dump | loop N) [--rules-only] FILE...\n";
    return 2;
  }
  for (; at < arguments.size(); ++at) {
    if (arguments[at] == "--rules-only") {
      rules_only = true;
    } else {
      files.push_back(arguments[at]);
    }
  }
  const std::string config = std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config";
  const auto catalogue = config::LoadCatalogue(config + "/catalogue.yaml");
  const auto rules = config::LoadRules(config + "/rules", kDay);
  const auto model = config::LoadModel(config + "/model/model.bin");
  const auto clues = config::LoadLabelledClues(files, config::LabelNames::kCatalogue);
  if (!catalogue.ok() || !rules.ok() || !model.ok() || !clues.ok() || clues->clues.empty()) {
    std::cerr << catalogue.status() << rules.status() << model.status() << clues.status() << "\n";
    return 1;
  }
  const auto classifier =
      classification::Classifier::Create(*catalogue, *rules, rules_only ? nullptr : *model);
  if (!classifier.ok()) {
    std::cerr << classifier.status() << "\n";
    return 1;
  }
  if (verdicts < 0) {
    for (const classification::LabelledClue& clue : clues->clues) {
      std::cout << Line(clue, (*classifier)->Classify(InputOf(clue))) << "\n";
    }
    return 0;
  }
  for (const classification::LabelledClue& clue : clues->clues) {  // buffers grow here
    (*classifier)->Classify(InputOf(clue));
  }
  const uint64_t before = Allocations();
  size_t evidence = 0;
  for (long i = 0; i < verdicts; ++i) {
    const auto& clue = clues->clues[static_cast<size_t>(i) % clues->clues.size()];
    evidence += (*classifier)->Classify(InputOf(clue)).evidence.size();
  }
  std::cout << absl::StreamFormat("%.2f allocations and %.2f pieces of evidence a verdict\n",
                                  static_cast<double>(Allocations() - before) / verdicts,
                                  static_cast<double>(evidence) / verdicts);
  return 0;
}

}  // namespace
}  // namespace supervision::bench

int main(int argc, char** argv) {
  return supervision::bench::Run(std::vector<std::string>(argv + 1, argv + argc));
}
