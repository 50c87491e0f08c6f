// Sorts labelled clues with the shipped rules and model, for two questions about a change of the
// engine: are the verdicts the same to the byte (`dump`, compared with diff), and what do they cost
// (`loop`, under callgrind or perf stat)?
//
//   verdict_driver dump [--rules-only] FILE...      one line a clue: the whole verdict
//   verdict_driver loop N [--rules-only] FILE...    N verdicts, in turn; prints allocations a
//                                                   verdict
//   verdict_driver cold N [--rules-only] FILE...    N verdicts after others have used the caches,
//   as
//                                                   in a service; prints what one takes

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/classification/classifier.h"
#include "services/config/catalogue_config.h"
#include "services/config/labelled_clues.h"
#include "services/config/model_file.h"
#include "services/config/rules_config.h"
#include "tests/bench/allocations.h"

namespace supervision::bench {
namespace {

constexpr absl::CivilDay kDay(2026, 6, 1);
constexpr size_t kLine = 8;  // numbers in a line of the caches

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

// What a verdict takes when so many bytes of others' data have passed through the caches since the
// last one: the median, and the mean without what else ran meanwhile.
void MeasureCold(const classification::Classifier& classifier,
                 const std::vector<classification::LabelledClue>& clues, long verdicts,
                 size_t others) {
  std::vector<uint64_t> data(others / sizeof(uint64_t));
  std::vector<double> took;
  uint64_t sum = 0;
  for (long i = 0; i < verdicts; ++i) {
    for (size_t k = 0; k < data.size(); k += kLine) sum += ++data[k];
    const absl::Time begun = absl::Now();
    sum += classifier.Classify(InputOf(clues[static_cast<size_t>(i) % clues.size()])).risk_score;
    took.push_back(absl::ToDoubleMicroseconds(absl::Now() - begun));
  }
  std::sort(took.begin(), took.end());
  const auto most = static_cast<ptrdiff_t>(took.size() * 9 / 10);
  std::cout << absl::StreamFormat(
      "%6d KiB between: median %6.1f us, mean of the faster nine tenths %6.1f us\n", others >> 10,
      took[took.size() / 2],
      std::accumulate(took.begin(), took.begin() + most, 0.0) / static_cast<double>(most));
  if (sum == 1) std::cout << "\n";  // so that it is computed
}

int Run(const std::vector<std::string>& arguments) {
  std::vector<std::string> files;
  bool rules_only = false;
  long verdicts = -1;  // dump
  size_t others = 0;
  size_t at = 1;
  const bool cold = !arguments.empty() && arguments[0] == "cold";
  if (arguments.size() > 2 && (cold || arguments[0] == "loop")) {
    verdicts = std::atol(arguments[1].c_str());
    at = 2;
    if (cold) others = static_cast<size_t>(std::atol(arguments[at++].c_str())) << 10;
  } else if (arguments.empty() || arguments[0] != "dump") {
    std::cerr << "usage: verdict_driver (dump | loop N | cold N KIB) [--rules-only] FILE...\n";
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
  if (cold) {
    MeasureCold(**classifier, clues->clues, verdicts, others);
    return 0;
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
