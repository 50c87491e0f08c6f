#include "clients/cli/evaluation/table.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cli/table.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

using classification::Figures;
using classification::PartFigures;

constexpr size_t kMistakes = 12;
constexpr size_t kQuotes = 3;  // of a worst case
constexpr size_t kNameColumns = 30;

std::string Number(double value) { return absl::StrFormat("%.3f", value); }
std::string Number(const std::optional<double>& value) { return value ? Number(*value) : "-"; }

std::string ClassName(Session& session, const Evaluation& evaluation, const std::string& code) {
  const auto found = evaluation.chinese.find(code);
  return session.language() == Language::kChinese && found != evaluation.chinese.end()
             ? found->second + " " + code
             : code;
}

// What the least review would reach, and from which confidence on.
std::string TargetText(Language language, const classification::Report& report) {
  const bool chinese = language == Language::kChinese;
  const std::string target = absl::StrFormat("%.2f", report.target);
  if (!report.needed.has_value()) {
    return chinese ? "（其余准确率 " + target + " 无法达到）"
                   : "(" + target + " of the others right: never reached)";
  }
  const std::string below = absl::StrFormat("%.3f", report.needed->below);
  return chinese ? "（其余准确率 " + target + "，置信度低于 " + below + " 者送复核）"
                 : "(" + target + " of the others right, those below " + below + " reviewed)";
}

std::string Summary(Session& session, const Evaluation& evaluation) {
  const Figures& all = evaluation.report.all;
  std::string text;
  const auto line = [&](const Text& name, const std::string& value, const std::string& more = "") {
    text += Padded(session.Say(name), kNameColumns) + "  " + session.InStyle(value, Style::kBold) +
            (more.empty() ? "" : "  " + more) + "\n";
  };
  line({"macro-F1 (first label)", "宏平均 F1（按首要标签）"}, Number(all.macro_f1),
       absl::StrCat("(", all.per_class.size(), session.Say({" classes)", " 类)"})));
  line({"accuracy", "准确率"}, Number(all.accuracy));
  line({"in or out of scope", "范围内外判定准确率"}, Number(all.scope_accuracy));
  line({"precision of HIGH", "高风险精确率"}, Number(all.high_precision),
       absl::StrCat("(", all.said_high, session.Say({" said to be HIGH)", " 条判为高风险)"})));
  line({"HIGH that were found", "高风险召回率"}, Number(all.high_recall));
  line({"risk of those in scope", "范围内线索风险准确率"}, Number(all.risk_accuracy));
  line({"problem models: precision", "问题模型精确率"}, Number(all.problem_precision));
  line({"problem models: recall", "问题模型召回率"}, Number(all.problem_recall));
  line({"calibration error", "校准误差"}, Number(all.calibration_error));
  line({"sent to review", "送人工复核比例"}, Number(all.review_share));
  line({"accuracy of the others", "其余准确率"}, Number(all.accuracy_unreviewed));
  const auto& needed = evaluation.report.needed;
  line({"least review for the target", "达标所需最低复核比例"},
       needed ? Number(needed->share) : "-", TargetText(session.language(), evaluation.report));
  return text;
}

std::string Classes(Session& session, const Evaluation& evaluation) {
  Table table({session.Say({"CLASS", "类别"}), session.Say({"PRECISION", "精确率"}),
               session.Say({"RECALL", "召回率"}), "F1", session.Say({"LABELLED", "标注数"}),
               session.Say({"SAID", "判定数"})});
  for (const classification::ClassFigures& one : evaluation.report.all.per_class) {
    table.Add({ClassName(session, evaluation, one.name), Number(one.Precision()),
               Number(one.Recall()), Number(one.F1()), absl::StrCat(one.labelled),
               absl::StrCat(one.said)});
  }
  return table.Text();
}

std::string Parts(Session& session, const Text& what, const std::vector<PartFigures>& parts) {
  Table table({session.Say(what), session.Say({"CLUES", "线索数"}),
               session.Say({"MACRO-F1", "宏平均F1"}), session.Say({"ACCURACY", "准确率"}),
               session.Say({"SCOPE", "范围内外"}), session.Say({"HIGH", "高风险"}),
               session.Say({"CALIBRATION", "校准误差"}), session.Say({"REVIEW", "复核比例"}),
               session.Say({"OTHERS", "其余准确率"})});
  for (const PartFigures& part : parts) {
    const Figures& figures = part.figures;
    // The file without its folders, which may be longer than a column.
    table.Add({part.name.substr(part.name.rfind('/') + 1), absl::StrCat(figures.clues),
               Number(figures.macro_f1), Number(figures.accuracy), Number(figures.scope_accuracy),
               Number(figures.high_precision), Number(figures.calibration_error),
               Number(figures.review_share), Number(figures.accuracy_unreviewed)});
  }
  return table.Text();
}

std::string Mistakes(Session& session, const Evaluation& evaluation) {
  Table table({session.Say({"LABELLED", "标注为"}), session.Say({"SAID TO BE", "判为"}),
               session.Say({"CLUES", "线索数"})});
  const auto mistakes = classification::FrequentMistakes(evaluation.report.confusion, kMistakes);
  for (const classification::Mistake& mistake : mistakes) {
    table.Add({ClassName(session, evaluation, mistake.label),
               ClassName(session, evaluation, mistake.said), absl::StrCat(mistake.clues)});
  }
  return mistakes.empty() ? "" : "\n" + table.Text();
}

std::string Worst(Session& session, const Evaluation& evaluation) {
  std::string text;
  for (const classification::Judged& one : evaluation.report.worst) {
    const classification::Answer& answer = one.answer;
    absl::StrAppend(&text, session.InStyle(Printable(one.clue->id), Style::kBold), "  ",
                    ClassName(session, evaluation, one.clue->label), " → ",
                    ClassName(session, evaluation, answer.label), "  ",
                    absl::StrFormat("%.2f", answer.confidence),
                    answer.needs_review ? session.Say({"  (review)", "  （送复核）"}) : "", "\n");
    if (!evaluation.show_texts) continue;
    if (!one.clue->title.empty()) absl::StrAppend(&text, "    ", Printable(one.clue->title), "\n");
    for (size_t i = 0; i < answer.evidence.size() && i < kQuotes; ++i) {
      const classification::Quote& quote = answer.evidence[i];
      absl::StrAppend(&text, "    “", Printable(quote.text), "”  ", Printable(quote.source),
                      quote.speaks_for.empty() ? "" : " → " + Printable(quote.speaks_for), "\n");
    }
  }
  if (text.empty()) return "";
  return "\n" + session.Say({"Worst cases", "最严重的误判"}) + "\n" + text;
}

}  // namespace

std::string MethodText(Language language, const Evaluation& evaluation) {
  const bool chinese = language == Language::kChinese;
  std::string text = chinese ? absl::StrFormat("%d 条线索", evaluation.report.all.clues)
                             : absl::StrFormat("%d clues", evaluation.report.all.clues);
  if (evaluation.part != "all") {
    text += chinese ? (evaluation.part == "dev" ? "（开发部分）" : "（保留部分）")
                    : " (part " + evaluation.part + ")";
  }
  const std::string files = absl::StrJoin(evaluation.training_files, chinese ? "、" : ", ");
  if (evaluation.method == "cv") {
    text += chinese ? absl::StrFormat("，%d 折交叉验证", evaluation.folds)
                    : absl::StrFormat(", %d-fold cross-validation", evaluation.folds);
  }
  if (!files.empty()) {
    text +=
        chinese
            ? absl::StrFormat("，另由 %s 的 %d 条线索训练", files, evaluation.training_clues)
            : absl::StrFormat(", learned from %d clues of %s", evaluation.training_clues, files);
  }
  if (evaluation.method == "cv" || evaluation.method == "train") {
    text += chinese ? absl::StrFormat("，随机种子 %d", evaluation.seed)
                    : absl::StrFormat(", seed %d", evaluation.seed);
  } else if (evaluation.method == "rules") {
    text += chinese ? "，仅用规则" : ", by the rules alone";
  } else {
    text += chinese ? "，用已发布的规则和模型" : ", by the rules and the model as they are";
  }
  return text;
}

std::string ToTable(Session& session, const Evaluation& evaluation) {
  const classification::Report& report = evaluation.report;
  std::string text = MethodText(session.language(), evaluation) + "\n\n" +
                     Summary(session, evaluation) + "\n" + Classes(session, evaluation);
  if (report.per_file.size() > 1) {
    text += "\n" + Parts(session, {"FILE", "文件"}, report.per_file);
  }
  if (!report.per_fold.empty()) {
    text += "\n" + Parts(session, {"FOLD", "折"}, report.per_fold);
  }
  return text + Mistakes(session, evaluation) + Worst(session, evaluation);
}

}  // namespace supervision::cli
