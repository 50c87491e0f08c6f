#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cli/commands.h"
#include "clients/cli/evaluation/evaluation.h"
#include "clients/cli/evaluation/table.h"
#include "clients/cli/evaluation/workbench.h"
#include "services/classification/evaluation/folds.h"
#include "services/classification/evaluation/part.h"
#include "services/classification/model/trainer.h"
#include "services/config/labelled_clues.h"
#include "services/domain/scenario.h"

namespace supervision::cli {
namespace {

using classification::Answer;
using classification::LabelledClue;
using config::LabelledSet;
using config::LabelNames;

constexpr char kFooter[] =
    R"(Works from files, without a service. A label file has one JSON object a line: id, content and label,
and where there are any title, secondary, risk, accept (all labels that count as right), accept_risk,
problem_codes.
Macro-F1 is by the first label alone. Worst cases quote the passages that decided, but never texts
of the held-out part.

Examples:
  supervisionctl evaluate --labels clues.jsonl
  supervisionctl evaluate --labels a.jsonl --labels b.jsonl --cv 5 --html report.html
  supervisionctl evaluate --labels clues.jsonl --json | jq .macro_f1
  supervisionctl evaluate --train mine.jsonl --labels test.jsonl     (any names of classes)
  supervisionctl evaluate --labels clues.jsonl --cv 5 --train more.jsonl
  supervisionctl evaluate --labels clues.jsonl --rules-only --part dev --worst 30)";

struct Flags {
  std::vector<std::string> labels;
  std::vector<std::string> train;
  size_t folds = 0;
  uint64_t seed = 1;
  std::string config = "deploy/config";
  std::string catalogue;
  std::string rules;
  std::string model;
  bool rules_only = false;
  std::optional<double> review_below;
  double target = 0.95;
  std::string part = "all";
  std::string html;
  bool json = false;
  size_t worst = 10;
};

ptrdiff_t Signed(size_t count) { return static_cast<ptrdiff_t>(count); }

// The answers to a set, and to which fold each belongs.
struct Answers {
  std::vector<Answer> answers;
  std::vector<size_t> fold_of;
};

classification::Part PartOf(const std::string& word) {
  return word == "dev"        ? classification::Part::kDevelopment
         : word == "held-out" ? classification::Part::kHeldOut
                              : classification::Part::kAll;
}

void KeepPart(classification::Part part, LabelledSet& set) {
  LabelledSet kept;
  for (size_t i = 0; i < set.clues.size(); ++i) {
    if (!classification::IsIn(part, set.clues[i].id)) continue;
    kept.clues.push_back(std::move(set.clues[i]));
    kept.file_of.push_back(set.file_of[i]);
  }
  set.clues = std::move(kept.clues);
  set.file_of = std::move(kept.file_of);
}

// A model learns nothing from clues that are all of one class.
absl::Status CheckClasses(const std::vector<LabelledClue>& clues,
                          const std::vector<std::string>& files) {
  for (const LabelledClue& clue : clues) {
    if (clue.label != clues.front().label) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      files.front(), files.size() > 1 ? " and the other files" : "", ": every clue has the label '",
      clues.front().label, "'; a model needs clues of two classes to learn from"));
}

// A number for each class of each file: every fold gets its share of each.
std::vector<uint32_t> Strata(const LabelledSet& set) {
  std::map<std::pair<size_t, std::string>, uint32_t> numbers;
  std::vector<uint32_t> strata;
  for (size_t i = 0; i < set.clues.size(); ++i) {
    const auto number = static_cast<uint32_t>(numbers.size());
    strata.push_back(
        numbers.emplace(std::pair(set.file_of[i], set.clues[i].label), number).first->second);
  }
  return strata;
}

// The near-duplicate groups of the set's clues and after them of those of `more`.
std::vector<uint32_t> GroupsWith(std::vector<LabelledClue> clues,
                                 const std::vector<LabelledClue>& more) {
  clues.insert(clues.end(), more.begin(), more.end());
  return classification::NearDuplicateGroups(clues);
}

// Says how many clues are near-duplicates of others, and what is done about it.
void TellDuplicates(Session& session, const std::vector<uint32_t>& groups, size_t judged) {
  std::map<uint32_t, std::pair<size_t, size_t>> sizes;  // clues to judge, to learn from
  for (size_t i = 0; i < groups.size(); ++i) {
    ++(i < judged ? sizes[groups[i]].first : sizes[groups[i]].second);
  }
  size_t together = 0;
  size_t left_out = 0;
  for (const auto& [group, size] : sizes) {
    together += size.first > 1 ? size.first : 0;
    left_out += size.first > 0 ? size.second : 0;
  }
  if (together > 0) {
    session.Note(absl::StrCat(
        session.Say({"note: ", "注意："}), together,
        session.Say({" clues are near-duplicates of each other; those alike stay in one fold",
                     " 条线索彼此几乎相同，相同的归入同一折"})));
  }
  if (left_out > 0) {
    session.Note(absl::StrCat(
        session.Say({"note: ", "注意："}), left_out,
        session.Say({" clues to learn from are near-duplicates of clues to judge; they are left "
                     "out where these are judged",
                     " 条训练线索与待测线索几乎相同，测试该线索时不参与训练"})));
  }
}

// Judges each clue by a model that has seen neither it nor a near-duplicate of it. `more` is
// learned from in every fold, but never judged.
absl::StatusOr<Answers> CrossValidate(Session& session, Workbench& bench, const LabelledSet& set,
                                      const std::vector<LabelledClue>& more, const Flags& flags) {
  const size_t count = set.clues.size();
  const std::vector<uint32_t> groups = GroupsWith(set.clues, more);
  TellDuplicates(session, groups, count);
  Answers result;
  result.fold_of = classification::AssignFolds(
      Strata(set), std::vector<uint32_t>(groups.begin(), groups.begin() + Signed(count)),
      flags.folds, flags.seed);
  result.answers.resize(count);
  for (size_t fold = 0; fold < flags.folds; ++fold) {
    std::vector<LabelledClue> training;
    std::vector<LabelledClue> test;
    std::vector<size_t> places;
    std::set<uint32_t> tested;
    for (size_t i = 0; i < count; ++i) {
      if (result.fold_of[i] == fold) {
        test.push_back(set.clues[i]);
        places.push_back(i);
        tested.insert(groups[i]);
      } else {
        training.push_back(set.clues[i]);
      }
    }
    for (size_t i = 0; i < more.size(); ++i) {
      if (tested.count(groups[count + i]) == 0) training.push_back(more[i]);
    }
    if (test.empty()) continue;
    session.Note(absl::StrCat(session.Say({"fold ", "第 "}), fold + 1, "/", flags.folds,
                              session.Say({": learns from ", " 折：训练 "}), training.size(),
                              session.Say({" clues, judges ", " 条，测试 "}), test.size(),
                              session.Say({"", " 条"})));
    auto answers = bench.LearnAndJudge(training, test, flags.seed);
    if (!answers.ok()) return answers.status();
    for (size_t i = 0; i < places.size(); ++i) {
      result.answers[places[i]] = std::move((*answers)[i]);
    }
  }
  return result;
}

// How many of `clues` are near-duplicates of clues in `training`.
size_t CountNearDuplicates(const std::vector<LabelledClue>& training,
                           const std::vector<LabelledClue>& clues) {
  const std::vector<uint32_t> groups = GroupsWith(training, clues);
  const auto first = groups.begin() + Signed(training.size());
  const std::set<uint32_t> known(groups.begin(), first);
  return static_cast<size_t>(std::count_if(
      first, groups.end(), [&known](uint32_t group) { return known.count(group) > 0; }));
}

absl::StatusOr<Answers> LearnAndJudge(Session& session, Workbench& bench, const LabelledSet& set,
                                      const std::vector<LabelledClue>& training, const Flags& flags,
                                      Evaluation& evaluation) {
  if (absl::Status status = CheckClasses(training, flags.train); !status.ok()) return status;
  evaluation.near_duplicates = CountNearDuplicates(training, set.clues);
  if (evaluation.near_duplicates > 0) {
    session.Note(absl::StrCat(
        session.Say({"note: ", "注意："}), evaluation.near_duplicates,
        session.Say({" clues are near-duplicates of clues to learn from; the figures flatter",
                     " 条线索与训练线索几乎相同，指标会偏高"})));
  }
  std::set<std::string> known;
  for (const LabelledClue& clue : training) known.insert(clue.label);
  const auto unknown = std::count_if(set.clues.begin(), set.clues.end(), [&](const auto& clue) {
    return known.count(clue.label) == 0;
  });
  if (unknown > 0) {
    session.Note(absl::StrCat(
        session.Say({"note: ", "注意："}), unknown,
        session.Say({" clues have a label that none to learn from has; they cannot be right",
                     " 条线索的类别在训练线索中没有出现，不可能判对"})));
  }
  auto answers = bench.LearnAndJudge(training, set.clues, flags.seed);
  if (!answers.ok()) return answers.status();
  return Answers{*std::move(answers), {}};
}

absl::StatusOr<Answers> JudgeSet(Session& session, Workbench& bench, const LabelledSet& set,
                                 const Flags& flags, Evaluation& evaluation) {
  LabelledSet training;
  if (!flags.train.empty()) {
    auto loaded = config::LoadLabelledClues(flags.train, flags.folds > 0 && set.catalogue_names
                                                             ? LabelNames::kCatalogue
                                                             : LabelNames::kAny);
    if (!loaded.ok()) return loaded.status();
    training = *std::move(loaded);
    evaluation.training_files = flags.train;
    evaluation.training_clues = training.clues.size();
  }
  if (flags.folds > 0) {
    evaluation.method = "cv";
    if (absl::Status status = CheckClasses(set.clues, flags.labels); !status.ok()) return status;
    return CrossValidate(session, bench, set, training.clues, flags);
  }
  if (!flags.train.empty()) {
    evaluation.method = "train";
    return LearnAndJudge(session, bench, set, training.clues, flags, evaluation);
  }
  auto answers = bench.Judge(set.clues);
  if (!answers.ok()) return answers.status();
  evaluation.method = bench.model_version().empty() ? "rules" : "shipped";
  return Answers{*std::move(answers), {}};
}

// The files of the command line. A configuration without a model is a whole one: the rules decide.
ClassifierFiles FilesOf(const Flags& flags) {
  const auto path = [&flags](const std::string& given, const char* shipped) {
    return given.empty() ? absl::StrCat(flags.config, "/", shipped) : given;
  };
  ClassifierFiles files = {path(flags.catalogue, "catalogue.yaml"), path(flags.rules, "rules"),
                           flags.rules_only ? "" : path(flags.model, "model/model.bin")};
  if (flags.model.empty() && !std::ifstream(files.model).is_open()) files.model.clear();
  return files;
}

absl::Status Evaluate(Session& session, const Flags& flags) {
  // With a model of their own, sets may have any classes; the shipped one knows the catalogue's.
  auto set = config::LoadLabelledClues(flags.labels, !flags.train.empty() ? LabelNames::kAny
                                                     : flags.folds > 0 ? LabelNames::kCatalogueOrOwn
                                                                       : LabelNames::kCatalogue);
  if (!set.ok()) return set.status();
  KeepPart(PartOf(flags.part), *set);
  if (set->clues.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.labels.front(), ": no clue belongs to the part ", flags.part));
  }
  auto bench = Workbench::Open(FilesOf(flags));
  if (!bench.ok()) return bench.status();
  Evaluation evaluation;
  evaluation.part = flags.part;
  evaluation.folds = flags.folds;
  evaluation.seed = flags.seed;
  evaluation.show_texts = flags.part != "held-out";
  auto judged = JudgeSet(session, **bench, *set, flags, evaluation);
  if (!judged.ok()) return judged.status();
  evaluation.rules_version = (*bench)->rules_version();
  evaluation.model_version = (*bench)->model_version();
  evaluation.catalogue_version = (*bench)->catalogue().version;
  classification::ReportOptions options = {.file_names = set->files,
                                           .file_of = set->file_of,
                                           .fold_of = std::move(judged->fold_of),
                                           .target = flags.target,
                                           .worst = flags.worst};
  for (const auto& entry : (*bench)->catalogue().scenarios) {
    options.order.push_back(entry.code);
    evaluation.chinese.emplace(entry.code, entry.name_zh);
  }
  std::vector<classification::Judged> all;
  for (size_t i = 0; i < set->clues.size(); ++i) {
    Answer& answer = judged->answers[i];
    if (flags.review_below.has_value()) {
      answer.needs_review = answer.confidence < *flags.review_below;
    }
    all.push_back({&set->clues[i], std::move(answer)});
  }
  evaluation.report = classification::MakeReport(all, options);
  if (!flags.html.empty()) {
    std::ofstream page(flags.html, std::ios::binary);
    page << ToPage(evaluation) << std::flush;
    if (!page) return absl::PermissionDeniedError(absl::StrCat("cannot write ", flags.html));
  }
  session.Print(flags.json ? ToJson(evaluation) + "\n" : ToTable(session, evaluation));
  return absl::OkStatus();
}

int RunEvaluate(Session& session, const Flags& flags) {
  const absl::Status status = Evaluate(session, flags);
  if (status.ok()) return kOk;
  const std::string message(status.message());
  // One mistake a line, as compilers do, so that editors find the place.
  for (const auto& line : absl::StrSplit(message, '\n')) {
    session.Note(Printable(std::string(line)));
  }
  return kUsage;
}

}  // namespace

void AddEvaluate(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("evaluate", "Measure the classifier against labelled clues, offline");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--labels", flags->labels, "File of labelled clues; may be given again")
      ->required()
      ->allow_extra_args(false);
  auto* const folds =
      command->add_option("--cv", flags->folds, "Cross-validate: learn anew without each fold")
          ->check(CLI::Range(2, 100));
  auto* const train =
      command
          ->add_option("--train", flags->train,
                       "Learn a model from this file, then judge by it; with --cv learn from it in "
                       "every fold, too; may be given again")
          ->allow_extra_args(false);
  command->add_option("--seed", flags->seed, "Of folds and training")->capture_default_str();
  command->add_option("--config", flags->config, "Folder with catalogue.yaml, rules and model")
      ->capture_default_str();
  command->add_option("--catalogue", flags->catalogue, "Instead of the folder's catalogue.yaml");
  command->add_option("--rules", flags->rules, "Folder, instead of the folder's rules");
  auto* const model = command->add_option("--model", flags->model, "Instead of the folder's model")
                          ->excludes(folds)
                          ->excludes(train);
  command->add_flag("--rules-only", flags->rules_only, "Judge by the rules, without a model")
      ->excludes(folds)
      ->excludes(train)
      ->excludes(model);
  command
      ->add_option("--review-below", flags->review_below,
                   "Review by this confidence alone, instead of all that the classifier heeds")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--target", flags->target,
                   "Accuracy without review, for which the least review is stated")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--part", flags->part,
                   "Part of the clues, by a hash of the id: dev (two thirds), held-out, or all")
      ->check(CLI::IsMember({"dev", "held-out", "all"}))
      ->capture_default_str();
  command->add_option("--html", flags->html, "Write a page with charts, too");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->add_option("--worst", flags->worst, "How many worst cases")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  command->footer(kFooter);
  command->callback([&session, &run, flags] {
    run = [&session, flags] { return RunEvaluate(session, *flags); };
  });
}

}  // namespace supervision::cli
