#include "clients/cli/evaluation/charts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

constexpr char kInk[] = "#1f2933";
constexpr char kFaint[] = "#6b7785";
constexpr char kGrid[] = "#e3e8ee";
constexpr char kBlue[] = "#2a6fbb";
constexpr char kOrange[] = "#c8641b";
constexpr size_t kCurvePoints = 400;

std::string Anchored(double x, double y, const char* anchor, const char* color,
                     const std::string& text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n",
                         x, y, anchor, color, text);
}

std::string StraightLine(double x1, double y1, double x2, double y2, const char* color,
                         const char* more = "") {
  return absl::StrFormat(
      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"%s/>\n", x1, y1, x2, y2,
      color, more);
}

// The plane of a chart: shares from 0 to 1 to the right, from `floor` to 1 upwards.
struct Plane {
  double left = 56;
  double top = 16;
  double width = 0;
  double height = 0;
  double floor = 0;

  double X(double share) const { return left + share * width; }
  double Y(double share) const { return top + (1 - (share - floor) / (1 - floor)) * height; }

  // Grid, numbers and titles.
  std::string Axes(const std::string& below, const std::string& beside) const {
    std::string svg;
    for (int i = 0; i <= 5; ++i) {
      const double right = i / 5.0;
      const double up = floor + (1 - floor) * right;
      svg += StraightLine(X(right), top, X(right), top + height, kGrid);
      svg += StraightLine(left, Y(up), left + width, Y(up), kGrid);
      svg +=
          Anchored(X(right), top + height + 18, "middle", kFaint, absl::StrFormat("%.1f", right));
      svg += Anchored(left - 8, Y(up) + 4, "end", kFaint, absl::StrFormat("%.2f", up));
    }
    svg += Anchored(left + width / 2, top + height + 38, "middle", kInk, below);
    svg += absl::StrFormat(
        "<text transform=\"translate(14 %.1f) rotate(-90)\" text-anchor=\"middle\" "
        "fill=\"%s\">%s</text>\n",
        top + height / 2, kInk, beside);
    return svg;
  }
};

std::string Opened(const char* name, double width, double height, const std::string& label) {
  return absl::StrFormat(
      "<svg class=\"%s\" role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %.0f %.0f\" "
      "width=\"%.0f\" font-size=\"12\">\n",
      name, label, width, height, width);
}

// White to `red, green, blue` by share; small shares stay visible.
std::string Shade(double share, int red, int green, int blue) {
  const double depth = share <= 0 ? 0 : 0.08 + 0.92 * share;
  const auto mixed = [depth](int full) {
    return static_cast<int>(std::lround(255 - depth * (255 - full)));
  };
  return absl::StrFormat("#%02x%02x%02x", mixed(red), mixed(green), mixed(blue));
}

}  // namespace

std::string HtmlText(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string ConfusionChart(const classification::Confusion& confusion,
                           const std::vector<std::string>& names) {
  constexpr double kCell = 46;
  constexpr double kLeft = 370;
  constexpr double kTop = 150;
  constexpr double kRight = 150;   // the last columns' slanted names reach beyond the table
  constexpr size_t kRowName = 50;  // columns of a terminal
  constexpr size_t kColumnName = 24;
  const size_t size = confusion.classes.size();
  const double side = kCell * static_cast<double>(size);
  std::string svg =
      Opened("confusion", kLeft + side + kRight, kTop + side + 34, "Confusion matrix 混淆矩阵");
  for (size_t row = 0; row < size; ++row) {
    const std::vector<size_t>& counts = confusion.counts[row];
    const auto all = std::accumulate(counts.begin(), counts.end(), size_t{0});
    const double y = kTop + kCell * static_cast<double>(row);
    svg += Anchored(kLeft - 8, y + kCell / 2 + 4, "end", kInk,
                    HtmlText(Shortened(names[row], kRowName)));
    svg += absl::StrFormat(
        "<text transform=\"translate(%.1f %.1f) rotate(-40)\" fill=\"%s\">%s</text>\n",
        kLeft + kCell * (static_cast<double>(row) + 0.5), kTop - 8, kInk,
        HtmlText(Shortened(confusion.classes[row], kColumnName)));
    for (size_t column = 0; column < size; ++column) {
      const double share =
          all == 0 ? 0 : static_cast<double>(counts[column]) / static_cast<double>(all);
      const double x = kLeft + kCell * static_cast<double>(column);
      const std::string fill = row == column ? Shade(share, 0x2a, 0x6f, 0xbb)
                                             : Shade(std::sqrt(share), 0xc8, 0x64, 0x1b);
      absl::StrAppend(
          &svg,
          absl::StrFormat("<g class=\"cell\"><title>%s → %s: %d / %d</title><rect x=\"%.0f\" "
                          "y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" fill=\"%s\" stroke=\"%s\"/>",
                          HtmlText(names[row]), HtmlText(names[column]), counts[column], all, x, y,
                          kCell, kCell, fill, kGrid));
      if (counts[column] > 0) {
        const bool dark = row == column ? share > 0.55 : share > 0.36;
        svg += absl::StrFormat(
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"%s\">%d</text>",
            x + kCell / 2, y + kCell / 2 + 4, dark ? "#ffffff" : kInk, counts[column]);
      }
      svg += "</g>\n";
    }
  }
  svg += Anchored(kLeft + side / 2, kTop + side + 24, "middle", kFaint,
                  "rows: label · columns: verdict　行：标注　列：研判结果");
  return svg + "</svg>\n";
}

std::string ReliabilityChart(std::span<const classification::ReliabilityBin> bins) {
  constexpr double kHistogram = 70;
  const Plane plane = {.width = 400, .height = 400};
  std::string svg = Opened("reliability", 480, 570, "Reliability diagram 可靠性图");
  svg += plane.Axes("confidence 置信度", "accuracy 准确率");
  size_t most = 1;
  for (const classification::ReliabilityBin& bin : bins) most = std::max(most, bin.answers);
  const double base = plane.top + plane.height + 56 + kHistogram;
  for (const classification::ReliabilityBin& bin : bins) {
    if (bin.answers == 0) continue;
    const double x = plane.X(bin.from) + 2;
    const double width = plane.X(bin.to) - plane.X(bin.from) - 4;
    const double tall = kHistogram * static_cast<double>(bin.answers) / static_cast<double>(most);
    svg += absl::StrFormat(
        "<g class=\"bin\"><title>%.1f–%.1f: n = %d, confidence %.3f, accuracy %.3f</title>"
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" opacity=\"0.35\"/>"
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>"
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>"
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" fill=\"%s\" font-size=\"10\">%d</text>"
        "</g>\n",
        bin.from, bin.to, bin.answers, bin.confidence, bin.accuracy, x, plane.Y(bin.accuracy),
        width, plane.top + plane.height - plane.Y(bin.accuracy), kBlue, plane.X(bin.confidence),
        plane.Y(bin.accuracy), kOrange, x, base - tall, width, tall, "#a9b4c0", x + width / 2,
        base + 13, kFaint, bin.answers);
  }
  svg += StraightLine(plane.X(0), plane.Y(0), plane.X(1), plane.Y(1), kFaint,
                      " stroke-dasharray=\"5 4\"");
  return svg + "</svg>\n";
}

std::string ReviewChart(std::span<const classification::ReviewPoint> curve,
                        const ReviewMarks& marks) {
  double lowest = std::min(marks.target, marks.accuracy.value_or(1));
  for (const classification::ReviewPoint& point : curve) lowest = std::min(lowest, point.accuracy);
  const Plane plane = {
      .width = 480, .height = 400, .floor = std::clamp(std::floor(lowest * 10) / 10, 0.0, 0.9)};
  std::string svg =
      Opened("review", 570, 480, "Accuracy against review share 准确率与复核比例曲线");
  svg += plane.Axes("share sent to review 送人工复核比例", "accuracy of the others 其余准确率");
  svg += StraightLine(plane.X(0), plane.Y(marks.target), plane.X(1), plane.Y(marks.target), kFaint,
                      " stroke-dasharray=\"5 4\"");
  std::string points;
  for (const classification::ReviewPoint& point : classification::Thinned(curve, kCurvePoints)) {
    absl::StrAppendFormat(&points, "%.1f,%.1f ", plane.X(point.share), plane.Y(point.accuracy));
  }
  svg += absl::StrFormat(
      "<polyline class=\"curve\" points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
      points, kBlue);
  if (marks.needed.has_value()) {
    svg += absl::StrFormat(
        "<g><title>least review for the target 达标所需最低复核比例: %.3f (%.3f)</title>"
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"#ffffff\" stroke=\"%s\" "
        "stroke-width=\"2\"/></g>\n",
        marks.needed->share, marks.needed->accuracy, plane.X(marks.needed->share),
        plane.Y(marks.needed->accuracy), kBlue);
  }
  if (marks.accuracy.has_value()) {
    svg += absl::StrFormat(
        "<g class=\"now\"><title>now 当前: %.3f, %.3f</title>"
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" fill=\"%s\"/></g>\n",
        marks.share, *marks.accuracy, plane.X(marks.share), plane.Y(*marks.accuracy), kOrange);
  }
  return svg + "</svg>\n";
}

}  // namespace supervision::cli
