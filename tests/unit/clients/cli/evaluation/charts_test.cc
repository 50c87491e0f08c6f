#include "clients/cli/evaluation/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace supervision::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(ChartsTest, TextsOfAPageAreSafe) {
  EXPECT_EQ(HtmlText("<a href='x'>&\"执法\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;执法&quot;");
}

TEST(ChartsTest, ConfusionHasACellForEachPairAndItsCount) {
  const std::string svg =
      ConfusionChart({.classes = {"A", "B"}, .counts = {{7, 3}, {0, 5}}}, {"甲 A", "<b>"});
  EXPECT_EQ(Count(svg, "<g class=\"cell\">"), 4U);
  EXPECT_THAT(svg, HasSubstr("甲 A → &lt;b&gt;: 3 / 10"));
  EXPECT_THAT(svg, HasSubstr(">7</text>"));
  EXPECT_THAT(svg, Not(HasSubstr(">0</text>")));
  EXPECT_THAT(svg, Not(HasSubstr("<b>")));
}

TEST(ChartsTest, ConfusionShadesByShareOfTheRow) {
  const std::string svg =
      ConfusionChart({.classes = {"A", "B"}, .counts = {{9, 0}, {0, 1}}}, {"", ""});
  EXPECT_EQ(Count(svg, "fill=\"#2a6fbb\""), 2U) << "both rows are all right";
  EXPECT_EQ(Count(svg, "fill=\"#ffffff\" stroke"), 2U) << "nothing is mistaken";
}

TEST(ChartsTest, RowWithoutCluesIsEmpty) {
  EXPECT_THAT(ConfusionChart({.classes = {"A"}, .counts = {{0}}}, {"A"}), Not(HasSubstr("nan")));
}

TEST(ChartsTest, ReliabilityShowsBinsThatHoldAnswers) {
  const std::vector<classification::ReliabilityBin> bins = {
      {.from = 0, .to = 0.5},
      {.from = 0.5, .to = 1, .answers = 8, .confidence = 0.75, .accuracy = 0.625}};
  const std::string svg = ReliabilityChart(bins);
  EXPECT_EQ(Count(svg, "<g class=\"bin\">"), 1U);
  EXPECT_THAT(svg, HasSubstr("n = 8, confidence 0.750, accuracy 0.625"));
  // Left edge 56, 400 wide; top 16, 400 high.
  EXPECT_THAT(svg, HasSubstr("<circle cx=\"356.0\" cy=\"166.0\""));
}

TEST(ChartsTest, ReviewCurveRunsThroughItsPoints) {
  const std::vector<classification::ReviewPoint> curve = {{0, 0, 0.5}, {0.5, 0.5, 1}};
  const std::string svg =
      ReviewChart(curve, {.share = 0.5, .accuracy = 1.0, .target = 0.9, .needed = curve[1]});
  // Left edge 56, 480 wide; top 16, 400 high from the lowest accuracy to 1.
  EXPECT_THAT(svg, HasSubstr("points=\"56.0,416.0 296.0,16.0 \""));
  EXPECT_THAT(svg, HasSubstr("now 当前: 0.500, 1.000"));
  EXPECT_THAT(svg, HasSubstr("达标所需最低复核比例: 0.500"));
}

TEST(ChartsTest, MarksThatAreAbsentAreNotDrawn) {
  const std::vector<classification::ReviewPoint> curve = {{0, 0, 0.5}};
  EXPECT_THAT(ReviewChart(curve, {.share = 1, .target = 0.9}), Not(HasSubstr("<circle")));
}

TEST(ChartsTest, NoAnswersMakeNoBadNumbers) {
  EXPECT_THAT(ReviewChart({}, {}) + ReliabilityChart({}), Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace supervision::cli
