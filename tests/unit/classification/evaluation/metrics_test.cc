#include "services/classification/evaluation/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/classification/evaluation/judged_for_test.h"

namespace supervision::classification {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr double kNear = 1e-12;

TEST(MetricsTest, PrecisionRecallAndF1OfEachClassByHand) {
  JudgedSet set;
  set.Add("A", "A");
  set.Add("A", "A");
  set.Add("A", "B");
  set.Add("B", "B");
  set.Add("B", "A");
  set.Add("C", "A");
  const Figures figures = Measure(set.all());
  ASSERT_EQ(figures.per_class.size(), 3U);
  const ClassFigures& a = figures.per_class[0];
  EXPECT_EQ(a.name, "A");
  EXPECT_EQ(a.labelled, 3U);
  EXPECT_EQ(a.said, 4U);
  EXPECT_NEAR(a.Precision(), 2.0 / 4, kNear);
  EXPECT_NEAR(a.Recall(), 2.0 / 3, kNear);
  EXPECT_NEAR(a.F1(), 4.0 / 7, kNear);
  EXPECT_NEAR(figures.per_class[1].F1(), 1.0 / 2, kNear);
  EXPECT_EQ(figures.per_class[2].Precision(), 0);
  EXPECT_EQ(figures.per_class[2].F1(), 0);
  EXPECT_NEAR(figures.macro_f1, (4.0 / 7 + 1.0 / 2 + 0) / 3, kNear);
  EXPECT_NEAR(figures.accuracy, 3.0 / 6, kNear);
}

TEST(MetricsTest, ClassThatIsOnlySaidCountsInTheMean) {
  JudgedSet set;
  set.Add("A", "A");
  set.Add("A", "B");
  EXPECT_NEAR(Measure(set.all()).macro_f1, (2.0 / 3 + 0) / 2, kNear);
}

TEST(MetricsTest, AcceptedClassIsRightForAccuracyButNotForF1) {
  JudgedSet set;
  set.Add("A", "B");
  set.clue().accept = {"A", "B"};
  set.Add("B", "B");
  const Figures figures = Measure(set.all());
  EXPECT_EQ(figures.accuracy, 1);
  EXPECT_NEAR(figures.macro_f1, (0 + 2.0 / 3) / 2, kNear);
}

TEST(MetricsTest, LabelIsRightThoughItIsNotListedAsAccepted) {
  JudgedSet set;
  set.Add("A", "A");
  set.clue().accept = {"B"};
  EXPECT_EQ(Measure(set.all()).accuracy, 1);
}

TEST(MetricsTest, ScopeIsRightWhenBothAreOnOneSide) {
  JudgedSet set;
  set.Add("A", "B");             // both in scope
  set.Add("A", "OUT_OF_SCOPE");  // missed
  set.Add("OUT_OF_SCOPE", "A");  // wrongly taken in
  set.Add("OUT_OF_SCOPE", "OUT_OF_SCOPE");
  set.Add("OUT_OF_SCOPE", "B");  // one annotator took it for A
  set.clue().accept = {"OUT_OF_SCOPE", "A"};
  EXPECT_THAT(Measure(set.all()).scope_accuracy, Optional(DoubleNear(3.0 / 5, kNear)));
}

TEST(MetricsTest, WithoutRejectClassThereIsNoScope) {
  JudgedSet set;
  set.Add("A", "B");
  EXPECT_EQ(Measure(set.all()).scope_accuracy, std::nullopt);
}

TEST(MetricsTest, HighIsRightWhenEitherAnnotatorSaysSo) {
  JudgedSet set;
  set.Add("A", "A").answer.risk = "HIGH";
  set.clue().risk = "HIGH";
  set.Add("A", "A").answer.risk = "HIGH";
  set.clue().risk = "MEDIUM";
  set.clue().accept_risk = {"MEDIUM", "HIGH"};
  set.Add("A", "A").answer.risk = "HIGH";
  set.clue().risk = "MEDIUM";
  set.Add("OUT_OF_SCOPE", "A").answer.risk = "HIGH";  // what is out of scope is not HIGH
  set.Add("A", "A").answer.risk = "HIGH";             // nobody rated it
  set.Add("A", "A").answer.risk = "LOW";
  set.clue().risk = "HIGH";
  const Figures figures = Measure(set.all());
  EXPECT_EQ(figures.said_high, 4U);
  EXPECT_THAT(figures.high_precision, Optional(DoubleNear(2.0 / 4, kNear)));
  EXPECT_THAT(figures.high_recall, Optional(DoubleNear(1.0 / 2, kNear)));
}

TEST(MetricsTest, ARiskIsRightWhenEitherAnnotatorSaysSo) {
  JudgedSet set;
  set.Add("A", "A").answer.risk = "LOW";
  set.clue().risk = "LOW";
  set.Add("A", "B").answer.risk = "LOW";
  set.clue().risk = "MEDIUM";
  set.clue().accept_risk = {"MEDIUM", "LOW"};
  set.Add("A", "A").answer.risk = "LOW";
  set.clue().risk = "HIGH";
  set.Add("A", "OUT_OF_SCOPE");  // has none
  set.clue().risk = "LOW";
  set.Add("A", "A").answer.risk = "LOW";  // nobody rated it
  EXPECT_THAT(Measure(set.all()).risk_accuracy, Optional(DoubleNear(2.0 / 3, kNear)));
}

TEST(MetricsTest, CodesOfProblemsAreCountedOverAllClues) {
  JudgedSet set;
  set.Add("A", "A").answer.problem_codes = {"P-1", "P-2"};
  set.clue().problem_codes = {"P-1"};
  set.Add("A", "A").answer.problem_codes = {"P-3"};
  set.Add("A", "B");
  set.clue().problem_codes = {"P-1", "P-4"};
  const Figures figures = Measure(set.all());
  EXPECT_THAT(figures.problem_precision, Optional(DoubleNear(1.0 / 3, kNear)));
  EXPECT_THAT(figures.problem_recall, Optional(DoubleNear(1.0 / 3, kNear)));
}

TEST(MetricsTest, NobodyLookedForProblemsInASetWithoutCodes) {
  JudgedSet set;
  set.Add("A", "A").answer.problem_codes = {"P-1"};
  const Figures figures = Measure(set.all());
  EXPECT_EQ(figures.problem_precision, std::nullopt);
  EXPECT_EQ(figures.problem_recall, std::nullopt);
}

TEST(MetricsTest, PrecisionOfHighIsAbsentWhenNothingIsHigh) {
  JudgedSet set;
  set.Add("A", "A").answer.risk = "LOW";
  set.clue().risk = "HIGH";
  EXPECT_EQ(Measure(set.all()).high_precision, std::nullopt);
}

TEST(MetricsTest, PrecisionOfHighIsAbsentInASetWithoutRisks) {
  JudgedSet set;
  set.Add("OUT_OF_SCOPE", "A").answer.risk = "HIGH";
  EXPECT_EQ(Measure(set.all()).high_precision, std::nullopt);
}

TEST(MetricsTest, AccuracyOfWhatIsNotReviewed) {
  JudgedSet set;
  set.Add("A", "A");
  set.Add("A", "B");
  set.Add("A", "A");
  set.Add("A", "B").answer.needs_review = true;
  const Figures figures = Measure(set.all());
  EXPECT_NEAR(figures.review_share, 1.0 / 4, kNear);
  EXPECT_THAT(figures.accuracy_unreviewed, Optional(DoubleNear(2.0 / 3, kNear)));
}

TEST(MetricsTest, AccuracyOfTheRestIsAbsentWhenAllIsReviewed) {
  JudgedSet set;
  set.Add("A", "A").answer.needs_review = true;
  EXPECT_EQ(Measure(set.all()).accuracy_unreviewed, std::nullopt);
}

TEST(MetricsTest, ClassesComeInTheOrderAskedFor) {
  JudgedSet set;
  set.Add("A", "B");
  set.Add("D", "C");
  const std::vector<std::string> order = {"C", "X", "B"};
  const auto named = [](const char* name) { return Field(&ClassFigures::name, name); };
  EXPECT_THAT(Measure(set.all(), order).per_class,
              ElementsAre(named("C"), named("B"), named("A"), named("D")));
}

TEST(MetricsTest, NoAnswersGiveNoFigures) {
  const Figures figures = Measure({});
  EXPECT_EQ(figures.clues, 0U);
  EXPECT_EQ(figures.macro_f1, 0);
  EXPECT_EQ(figures.calibration_error, 0);
  EXPECT_THAT(figures.per_class, IsEmpty());
}

}  // namespace
}  // namespace supervision::classification
