// Measures the rules against labelled clues: macro-F1 and accuracy over the 12 classes, precision
// and recall of each, in or out of scope, risk, and who is mistaken for whom.

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/classification/classifier.h"
#include "services/classification/matcher.h"
#include "services/config/catalogue_config.h"
#include "services/config/rules_config.h"
#include "services/domain/civil_date.h"
#include "tests/tools/labelled_clues.h"

namespace supervision::tools {
namespace {

constexpr char kHelp[] =
    "usage: evaluate_rules --labels FILE.jsonl [--part dev|held-out|all] [--config FOLDER]\n"
    "                      [--matches FILE] [--errors]\n"
    "  --labels   JSON lines with id, title, content, label, risk\n"
    "  --part     the part to measure: two thirds for development, the held-out third, or all\n"
    "             (default all); chosen by a hash of the id\n"
    "  --config   folder with catalogue.yaml and rules/ (default deploy/config)\n"
    "  --matches  write the rules that matched each clue, for fitting weights\n"
    "  --errors   list the ids of the clues whose class was missed\n";

struct Options {
  std::string labels;
  std::string config = "deploy/config";
  std::string matches;
  Part part = Part::kAll;
  bool errors = false;
};

struct Tally {
  int right = 0;
  int said = 0;
  int labelled = 0;

  double precision() const { return said == 0 ? 0 : static_cast<double>(right) / said; }
  double recall() const { return labelled == 0 ? 0 : static_cast<double>(right) / labelled; }
  double f1() const {
    return right == 0 ? 0 : 2 * precision() * recall() / (precision() + recall());
  }
};

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--errors") {
      options->errors = true;
      continue;
    }
    if (i + 1 == argc) {
      return false;
    }
    const std::string value = argv[++i];
    if (flag == "--labels") {
      options->labels = value;
    } else if (flag == "--config") {
      options->config = value;
    } else if (flag == "--matches") {
      options->matches = value;
    } else if (flag == "--part" && value == "dev") {
      options->part = Part::kDevelopment;
    } else if (flag == "--part" && value == "held-out") {
      options->part = Part::kHeldOut;
    } else if (flag != "--part" || value != "all") {
      return false;
    }
  }
  return !options->labels.empty();
}

// Prints how the classifier did.
class Report {
 public:
  void Add(const LabelledClue& clue, const domain::Verdict& verdict) {
    const std::string said(domain::Code(verdict.scenario));
    ++total_;
    ++tallies_[clue.label].labelled;
    ++tallies_[said].said;
    ++confusion_[{clue.label, said}];
    if (said == clue.label) {
      ++right_;
      ++tallies_[said].right;
    } else {
      missed_.push_back(absl::StrCat(clue.id, " ", clue.label, " -> ", said));
    }
    const bool in_scope = clue.label != "OUT_OF_SCOPE";
    scope_right_ += in_scope == (said != "OUT_OF_SCOPE");
    either_right_ += said == clue.label || said == clue.secondary ||
                     domain::Code(verdict.secondary) == clue.label;
    if (in_scope && said != "OUT_OF_SCOPE") {
      ++rated_;
      risk_right_ += domain::Code(verdict.risk) == clue.risk;
      ++risks_[{clue.risk, std::string(domain::Code(verdict.risk))}];
    }
    reviews_ += verdict.needs_review;
    right_without_review_ += !verdict.needs_review && said == clue.label;
    const int bucket = std::min(9, static_cast<int>(verdict.confidence * 10));
    ++calibration_[bucket].labelled;
    calibration_[bucket].right += said == clue.label;
  }

  void Print(bool errors) const {
    double macro = 0;
    std::printf("%-24s %6s %6s %6s %6s\n", "class", "P", "R", "F1", "n");
    for (const domain::Scenario scenario : domain::kScenarios) {
      const std::string code(domain::Code(scenario));
      const auto found = tallies_.find(code);
      const Tally tally = found == tallies_.end() ? Tally{} : found->second;
      macro += tally.f1() / static_cast<double>(domain::kScenarios.size());
      std::printf("%-24s %6.3f %6.3f %6.3f %6d\n", code.c_str(), tally.precision(), tally.recall(),
                  tally.f1(), tally.labelled);
    }
    const auto share = [](int part, int whole) {
      return whole == 0 ? 0.0 : static_cast<double>(part) / whole;
    };
    std::printf("clues %d, macro-F1 %.3f, accuracy %.3f, scope accuracy %.3f\n", total_, macro,
                share(right_, total_), share(scope_right_, total_));
    std::printf("first or second reading right %.3f, risk right where both are in scope %.3f\n",
                share(either_right_, total_), share(risk_right_, rated_));
    std::printf("needs review %.3f, accuracy of the others %.3f\n", share(reviews_, total_),
                share(right_without_review_, total_ - reviews_));
    std::printf("confidence:");
    for (const auto& [bucket, tally] : calibration_) {
      std::printf(" %.1f: %.2f (%d)", bucket / 10.0, tally.recall(), tally.labelled);
    }
    std::printf("\nmistaken (label -> said):\n");
    for (const auto& [pair, count] : confusion_) {
      if (pair.first != pair.second && count > 1) {
        std::printf("  %-24s -> %-24s %d\n", pair.first.c_str(), pair.second.c_str(), count);
      }
    }
    std::printf("risk (label -> said):");
    for (const auto& [pair, count] : risks_) {
      std::printf(" %s->%s %d;", pair.first.c_str(), pair.second.c_str(), count);
    }
    std::printf("\n");
    if (errors) {
      for (const std::string& line : missed_) {
        std::printf("%s\n", line.c_str());
      }
    }
  }

 private:
  std::map<std::string, Tally> tallies_;
  std::map<std::pair<std::string, std::string>, int> confusion_;
  std::map<std::pair<std::string, std::string>, int> risks_;
  std::map<int, Tally> calibration_;
  std::vector<std::string> missed_;
  int total_ = 0;
  int right_ = 0;
  int scope_right_ = 0;
  int either_right_ = 0;
  int rated_ = 0;
  int risk_right_ = 0;
  int reviews_ = 0;
  int right_without_review_ = 0;
};

absl::Status WriteMatches(const classification::RuleSet& rules,
                          const std::vector<LabelledClue>& clues, const std::string& path) {
  const auto normaliser = classification::Normaliser::Create();
  if (!normaliser.ok()) {
    return normaliser.status();
  }
  std::vector<const classification::Rule*> all;
  for (const classification::Rule& rule : rules.rules) {
    all.push_back(&rule);
  }
  std::vector<std::string> errors;
  const auto index =
      classification::BuildRuleIndex(all, rules.lexicons, rules.scoring, **normaliser, &errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(errors[0]);
  }
  classification::Matcher matcher(index.get(), normaliser->get());
  std::ofstream out(path);
  for (const LabelledClue& clue : clues) {
    out << clue.id << '\t' << clue.label << '\t' << clue.secondary << '\t' << clue.risk << '\t';
    for (const auto& match : matcher.Match({clue.title, clue.content, nullptr, std::nullopt})) {
      out << all[match.rule]->id << ' ';
    }
    out << '\n';
  }
  return out ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot write ", path));
}

absl::Status Run(const Options& options) {
  const auto clues = ReadLabelledClues(options.labels, options.part);
  if (!clues.ok()) {
    return clues.status();
  }
  const auto catalogue = config::LoadCatalogue(options.config + "/catalogue.yaml");
  if (!catalogue.ok()) {
    return catalogue.status();
  }
  const auto rules = config::LoadRules(options.config + "/rules", domain::CivilDate(absl::Now()));
  if (!rules.ok()) {
    return rules.status();
  }
  const auto before = std::chrono::steady_clock::now();
  const auto classifier = classification::Classifier::Create(*catalogue, *rules);
  if (!classifier.ok()) {
    return classifier.status();
  }
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - before;
  std::printf("rules %s, compiled in %.0f ms\n",
              std::string((*classifier)->rules_version()).c_str(), taken.count());
  if (!options.matches.empty()) {
    if (const absl::Status status = WriteMatches(*rules, *clues, options.matches); !status.ok()) {
      return status;
    }
  }
  Report report;
  for (const LabelledClue& clue : *clues) {
    report.Add(clue, (*classifier)->Classify({clue.title, clue.content, nullptr, std::nullopt}));
  }
  report.Print(options.errors);
  return absl::OkStatus();
}

}  // namespace
}  // namespace supervision::tools

int main(int argc, char** argv) {
  supervision::tools::Options options;
  if (!supervision::tools::ParseOptions(argc, argv, &options)) {
    std::fputs(supervision::tools::kHelp, stderr);
    return 2;
  }
  const absl::Status status = supervision::tools::Run(options);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
