#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "clients/cli/evaluation/charts.h"
#include "clients/cli/evaluation/evaluation.h"
#include "clients/cli/evaluation/table.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

using classification::Figures;
using classification::Judged;

constexpr size_t kShownContent = 600;  // code points of a worst case's text

// Nothing is loaded from anywhere: the policy forbids it to the browser too.
constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Classification report 研判评估报告</title>
<style>
body { font: 15px/1.55 system-ui, "Noto Sans SC", "Microsoft YaHei", sans-serif; color: #1f2933;
       background: #ffffff; max-width: 1180px; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .8rem; border-bottom: 1px solid #e3e8ee; padding-bottom: .3rem; }
.how, .note { color: #6b7785; font-size: .9rem; margin: .2rem 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: .8rem; margin-top: 1.4rem; }
.figure { border: 1px solid #e3e8ee; border-radius: 6px; padding: .7rem .9rem; }
.figure b { display: block; font-size: 1.55rem; font-weight: 600; }
.figure span { color: #6b7785; font-size: .85rem; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: right; padding: .3rem .8rem; border-bottom: 1px solid #e3e8ee; }
th:first-child, td:first-child { text-align: left; }
th { color: #6b7785; font-weight: 500; }
.charts { display: flex; flex-wrap: wrap; gap: 2rem; }
.charts .note { max-width: 30rem; }
.wide { overflow-x: auto; }
.case { border-left: 3px solid #c8641b; padding: .2rem .9rem; margin: 1rem 0; }
.case p { margin: .25rem 0; }
.quote mark { background: #fdf0d5; padding: 0 .2rem; }
.quote small { color: #6b7785; }
details { color: #4a5663; }
summary { cursor: pointer; color: #2a6fbb; }
</style>
</head>
<body>
)";

std::string Number(double value) { return absl::StrFormat("%.3f", value); }
std::string Number(const std::optional<double>& value) { return value ? Number(*value) : "–"; }

std::string NameOf(const Evaluation& evaluation, const std::string& code) {
  const auto found = evaluation.chinese.find(code);
  return found == evaluation.chinese.end() ? code : found->second + " " + code;
}

std::string FigureOf(const char* key, const char* english, const char* chinese,
                     const std::string& value) {
  return absl::StrFormat(
      "<div class=\"figure\"><b data-key=\"%s\">%s</b><span>%s<br>%s</span></div>\n", key, value,
      english, chinese);
}

std::string FiguresOf(const Evaluation& evaluation) {
  const Figures& all = evaluation.report.all;
  const auto& needed = evaluation.report.needed;
  std::string html = "<div class=\"figures\">\n";
  html += FigureOf("macro_f1", "macro-F1, first label", "宏平均 F1（按首要标签）",
                   Number(all.macro_f1));
  html += FigureOf("accuracy", "accuracy", "准确率", Number(all.accuracy));
  html += FigureOf("scope_accuracy", "in or out of scope", "范围内外判定准确率",
                   Number(all.scope_accuracy));
  html +=
      FigureOf("high_precision", "precision of HIGH", "高风险精确率", Number(all.high_precision));
  html += FigureOf("high_recall", "HIGH that were found", "高风险召回率", Number(all.high_recall));
  html += FigureOf("risk_accuracy", "risk of those in scope", "范围内线索风险准确率",
                   Number(all.risk_accuracy));
  html += FigureOf("problem_precision", "problem models: precision", "问题模型精确率",
                   Number(all.problem_precision));
  html += FigureOf("problem_recall", "problem models: recall", "问题模型召回率",
                   Number(all.problem_recall));
  html +=
      FigureOf("calibration_error", "calibration error", "校准误差", Number(all.calibration_error));
  html += FigureOf("review_share", "sent to review", "送人工复核比例", Number(all.review_share));
  html += FigureOf("accuracy_unreviewed", "accuracy of the others", "其余准确率",
                   Number(all.accuracy_unreviewed));
  html += FigureOf("review_for_target", "least review for the target", "达标所需最低复核比例",
                   needed ? Number(needed->share) : "–");
  return html + "</div>\n";
}

std::string Row(const char* tag, const std::vector<std::string>& cells) {
  std::string row = "<tr>";
  for (const std::string& cell : cells) absl::StrAppend(&row, "<", tag, ">", cell, "</", tag, ">");
  return row + "</tr>\n";
}

std::string ClassTable(const Evaluation& evaluation) {
  std::string html = "<table class=\"classes\">\n" +
                     Row("th", {"class<br>类别", "precision<br>精确率", "recall<br>召回率", "F1",
                                "labelled<br>标注数", "said<br>判定数"});
  for (const classification::ClassFigures& one : evaluation.report.all.per_class) {
    html += Row("td", {HtmlText(NameOf(evaluation, one.name)), Number(one.Precision()),
                       Number(one.Recall()), Number(one.F1()), absl::StrCat(one.labelled),
                       absl::StrCat(one.said)});
  }
  return html + "</table>\n";
}

std::string PartTable(const char* what, const std::vector<classification::PartFigures>& parts) {
  std::string html =
      "<div class=\"wide\"><table class=\"parts\">\n" +
      Row("th", {what, "clues<br>线索数", "macro-F1<br>宏平均F1", "accuracy<br>准确率",
                 "scope<br>范围内外", "HIGH<br>高风险", "calibration<br>校准误差", "review<br>复核",
                 "others<br>其余准确率"});
  for (const classification::PartFigures& part : parts) {
    const Figures& figures = part.figures;
    html += Row("td",
                {HtmlText(part.name.substr(part.name.rfind('/') + 1)), absl::StrCat(figures.clues),
                 Number(figures.macro_f1), Number(figures.accuracy), Number(figures.scope_accuracy),
                 Number(figures.high_precision), Number(figures.calibration_error),
                 Number(figures.review_share), Number(figures.accuracy_unreviewed)});
  }
  return html + "</table></div>\n";
}

std::string CaseOf(const Evaluation& evaluation, const Judged& one) {
  const classification::Answer& answer = one.answer;
  std::string html = absl::StrFormat(
      "<div class=\"case\"><p><b>%s</b>　%s → %s　%.2f%s</p>\n", HtmlText(one.clue->id),
      HtmlText(NameOf(evaluation, one.clue->label)), HtmlText(NameOf(evaluation, answer.label)),
      answer.confidence, answer.needs_review ? "　sent to review 送复核" : "");
  if (evaluation.show_texts) {
    if (!one.clue->title.empty())
      absl::StrAppend(&html, "<p>", HtmlText(one.clue->title), "</p>\n");
    for (const classification::Quote& quote : answer.evidence) {
      absl::StrAppend(&html, "<p class=\"quote\"><mark>", HtmlText(quote.text), "</mark> <small>",
                      HtmlText(quote.source), quote.speaks_for.empty() ? "" : " → ",
                      HtmlText(quote.speaks_for), "</small></p>\n");
    }
    absl::StrAppend(&html, "<details><summary>text 正文</summary>",
                    HtmlText(CodePoints(one.clue->content, 0, kShownContent)), "</details>\n");
  }
  return html + "</div>\n";
}

std::string Worst(const Evaluation& evaluation) {
  std::string html = "<h2>Worst cases 最严重的误判</h2>\n";
  if (!evaluation.show_texts) {
    html +=
        "<p class=\"note\">Texts of the held-out part are not shown. 保留部分不显示文本。</p>\n";
  }
  for (const Judged& one : evaluation.report.worst) html += CaseOf(evaluation, one);
  return html;
}

std::string Versions(const Evaluation& evaluation) {
  return absl::StrCat("catalogue 目录 ", HtmlText(evaluation.catalogue_version), " · rules 规则 ",
                      HtmlText(evaluation.rules_version),
                      evaluation.model_version.empty() || evaluation.method == "cv"
                          ? ""
                          : " · model 模型 " + HtmlText(evaluation.model_version));
}

}  // namespace

std::string ToPage(const Evaluation& evaluation) {
  const classification::Report& report = evaluation.report;
  std::vector<std::string> names;
  for (const std::string& code : report.confusion.classes) {
    names.push_back(NameOf(evaluation, code));
  }
  std::string html = kHead;
  absl::StrAppend(&html, "<h1>Classification report 研判评估报告</h1>\n<p class=\"how\">",
                  HtmlText(MethodText(Language::kEnglish, evaluation)), "</p>\n<p class=\"how\">",
                  HtmlText(MethodText(Language::kChinese, evaluation)), "</p>\n<p class=\"how\">",
                  Versions(evaluation), "</p>\n", FiguresOf(evaluation));
  absl::StrAppend(&html, "<h2>By class 各类别指标</h2>\n", ClassTable(evaluation));
  if (report.per_file.size() > 1) {
    absl::StrAppend(&html, "<h2>By file 各文件指标</h2>\n",
                    PartTable("file 文件", report.per_file));
  }
  if (!report.per_fold.empty()) {
    absl::StrAppend(&html, "<h2>By fold 各折指标</h2>\n", PartTable("fold 折", report.per_fold));
  }
  absl::StrAppend(&html, "<h2>Confusion matrix 混淆矩阵</h2>\n<div class=\"wide\">",
                  ConfusionChart(report.confusion, names), "</div>\n");
  absl::StrAppend(
      &html, "<div class=\"charts\"><section><h2>Reliability 可靠性图</h2>\n",
      ReliabilityChart(report.reliability),
      "<p class=\"note\">bars and dots: accuracy by confidence; dashed: calibrated; below: answers"
      "<br>柱与点：各置信度区间的准确率；虚线：完全校准；下方：样本数</p></section>\n",
      "<section><h2>Accuracy against review 准确率与复核比例</h2>\n",
      ReviewChart(report.curve, {.share = report.all.review_share,
                                 .accuracy = report.all.accuracy_unreviewed,
                                 .target = report.target,
                                 .needed = report.needed}),
      "<p class=\"note\">curve: the least confident are reviewed first; orange: as it is set now; "
      "dashed: "
      "target<br>曲线：置信度低者先复核；橙点：当前阈值；虚线：目标准确率</p></section></div>\n");
  if (!report.worst.empty()) html += Worst(evaluation);
  // A "<" of the data would end the element that holds it.
  absl::StrAppend(&html, "<script type=\"application/json\" id=\"report\">",
                  absl::StrReplaceAll(ToJson(evaluation), {{"<", "\\u003c"}}),
                  "</script>\n</body>\n</html>\n");
  return html;
}

}  // namespace supervision::cli
