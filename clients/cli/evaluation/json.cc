#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cli/evaluation/evaluation.h"
#include "clients/cli/json.h"

namespace supervision::cli {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

constexpr size_t kCurveSteps = 200;

std::string Number(double value) { return absl::StrFormat("%.6g", value); }
std::string Number(const std::optional<double>& value) { return value ? Number(*value) : "null"; }
std::string Count(size_t value) { return absl::StrCat(value); }

template <typename List, typename Write>
std::string Array(const List& list, const Write& write) {
  return "[" +
         absl::StrJoin(list, ",",
                       [&write](std::string* out, const auto& entry) { *out += write(entry); }) +
         "]";
}

std::string Array(const std::vector<std::string>& texts) { return Array(texts, JsonQuote); }

Members MembersOf(const classification::Figures& figures) {
  return {{"clues", Count(figures.clues)},
          {"macro_f1", Number(figures.macro_f1)},
          {"accuracy", Number(figures.accuracy)},
          {"scope_accuracy", Number(figures.scope_accuracy)},
          {"high_precision", Number(figures.high_precision)},
          {"said_high", Count(figures.said_high)},
          {"high_recall", Number(figures.high_recall)},
          {"risk_accuracy", Number(figures.risk_accuracy)},
          {"problem_precision", Number(figures.problem_precision)},
          {"problem_recall", Number(figures.problem_recall)},
          {"calibration_error", Number(figures.calibration_error)},
          {"review_share", Number(figures.review_share)},
          {"accuracy_unreviewed", Number(figures.accuracy_unreviewed)}};
}

std::string PerClass(const classification::Figures& figures) {
  Members members;
  for (const classification::ClassFigures& one : figures.per_class) {
    members.emplace_back(one.name, JsonObject({{"precision", Number(one.Precision())},
                                               {"recall", Number(one.Recall())},
                                               {"f1", Number(one.F1())},
                                               {"labelled", Count(one.labelled)},
                                               {"said", Count(one.said)}}));
  }
  return JsonObject(members);
}

std::string Parts(const std::vector<classification::PartFigures>& parts) {
  return Array(parts, [](const classification::PartFigures& part) {
    Members members = MembersOf(part.figures);
    members.insert(members.begin(), {"name", JsonQuote(part.name)});
    return JsonObject(members);
  });
}

std::string ConfusionOf(const classification::Confusion& confusion) {
  return JsonObject({{"classes", Array(confusion.classes)},
                     {"counts", Array(confusion.counts, [](const std::vector<size_t>& row) {
                        return Array(row, Count);
                      })}});
}

std::string PointOf(const classification::ReviewPoint& point) {
  return JsonObject({{"below", Number(point.below)},
                     {"share", Number(point.share)},
                     {"accuracy", Number(point.accuracy)}});
}

std::string BinOf(const classification::ReliabilityBin& bin) {
  return JsonObject({{"from", Number(bin.from)},
                     {"to", Number(bin.to)},
                     {"answers", Count(bin.answers)},
                     {"confidence", Number(bin.confidence)},
                     {"accuracy", Number(bin.accuracy)}});
}

std::string WorstOf(const classification::Judged& one, bool show_texts) {
  const classification::Answer& answer = one.answer;
  Members members = {{"id", JsonQuote(one.clue->id)},
                     {"label", JsonQuote(one.clue->label)},
                     {"accept", Array(one.clue->accept)},
                     {"said", JsonQuote(answer.label)},
                     {"secondary", JsonQuote(answer.secondary)},
                     {"confidence", Number(answer.confidence)},
                     {"needs_review", answer.needs_review ? "true" : "false"}};
  if (show_texts) {
    members.emplace_back("title", JsonQuote(one.clue->title));
    members.emplace_back("evidence", Array(answer.evidence, [](const classification::Quote& quote) {
                           return JsonObject({{"text", JsonQuote(quote.text)},
                                              {"source", JsonQuote(quote.source)},
                                              {"speaks_for", JsonQuote(quote.speaks_for)},
                                              {"weight", Number(quote.weight)}});
                         }));
  }
  return JsonObject(members);
}

std::string How(const Evaluation& evaluation) {
  Members members = {{"method", JsonQuote(evaluation.method)},
                     {"part", JsonQuote(evaluation.part)},
                     {"catalogue_version", JsonQuote(evaluation.catalogue_version)},
                     {"rules_version", JsonQuote(evaluation.rules_version)},
                     {"model_version", JsonQuote(evaluation.model_version)}};
  if (evaluation.method == "cv") members.emplace_back("folds", Count(evaluation.folds));
  if (evaluation.method == "cv" || evaluation.method == "train") {
    members.emplace_back("seed", absl::StrCat(evaluation.seed));
  }
  if (!evaluation.training_files.empty()) {
    members.emplace_back("training_files", Array(evaluation.training_files));
    members.emplace_back("training_clues", Count(evaluation.training_clues));
  }
  if (evaluation.method == "train") {
    members.emplace_back("near_duplicates_of_training", Count(evaluation.near_duplicates));
  }
  return JsonObject(members);
}

}  // namespace

std::string ToJson(const Evaluation& evaluation) {
  const classification::Report& report = evaluation.report;
  Members members = MembersOf(report.all);
  members.emplace_back("target_accuracy", Number(report.target));
  members.emplace_back("review_for_target", report.needed ? PointOf(*report.needed) : "null");
  members.emplace_back("per_class", PerClass(report.all));
  members.emplace_back("per_file", Parts(report.per_file));
  members.emplace_back("per_fold", Parts(report.per_fold));
  members.emplace_back("confusion", ConfusionOf(report.confusion));
  members.emplace_back("reliability", Array(report.reliability, BinOf));
  members.emplace_back("review_curve",
                       Array(classification::Thinned(report.curve, kCurveSteps), PointOf));
  members.emplace_back("worst", Array(report.worst, [&](const classification::Judged& one) {
                         return WorstOf(one, evaluation.show_texts);
                       }));
  members.emplace_back("how", How(evaluation));
  return JsonObject(members);
}

}  // namespace supervision::cli
