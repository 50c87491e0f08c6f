#include "services/classification/evaluation/review_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/classification/evaluation/judged_for_test.h"

namespace supervision::classification {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

auto Point(double below, double share, double accuracy) {
  return AllOf(Field(&ReviewPoint::below, DoubleNear(below, 1e-12)),
               Field(&ReviewPoint::share, DoubleNear(share, 1e-12)),
               Field(&ReviewPoint::accuracy, DoubleNear(accuracy, 1e-12)));
}

TEST(ReviewCurveTest, LeastConfidentGoFirst) {
  JudgedSet set;
  set.Add("A", "A", 0.9);
  set.Add("A", "B", 0.2);
  set.Add("A", "A", 0.5);
  set.Add("A", "B", 0.7);
  EXPECT_THAT(ReviewCurve(set.all()), ElementsAre(Point(0, 0, 2.0 / 4), Point(0.5, 0.25, 2.0 / 3),
                                                  Point(0.7, 0.5, 1.0 / 2), Point(0.9, 0.75, 1)));
}

TEST(ReviewCurveTest, EqualConfidencesAreReviewedTogether) {
  JudgedSet set;
  set.Add("A", "B", 0.4);
  set.Add("A", "A", 0.4);
  set.Add("A", "A", 0.8);
  EXPECT_THAT(ReviewCurve(set.all()), ElementsAre(Point(0, 0, 2.0 / 3), Point(0.8, 2.0 / 3, 1)));
}

TEST(ReviewCurveTest, NoAnswersGiveNoPoints) { EXPECT_THAT(ReviewCurve({}), IsEmpty()); }

TEST(ReviewCurveTest, LeastReviewIsTheFirstPointGoodEnough) {
  const std::vector<ReviewPoint> curve = {{0, 0, 0.8}, {0.3, 0.1, 0.96}, {0.5, 0.4, 0.99}};
  const auto point = LeastReview(curve, 0.95);
  ASSERT_TRUE(point.has_value());
  EXPECT_EQ(point->share, 0.1);
}

TEST(ReviewCurveTest, NoReviewIsEnoughForAnAccuracyNeverReached) {
  const std::vector<ReviewPoint> curve = {{0, 0, 0.8}};
  EXPECT_FALSE(LeastReview(curve, 0.95).has_value());
}

TEST(ReviewCurveTest, ThinnedCurveKeepsItsEnds) {
  std::vector<ReviewPoint> curve;
  for (int i = 0; i < 1000; ++i) curve.push_back({.below = 0, .share = i / 1000.0, .accuracy = 1});
  const auto thinned = Thinned(curve, 10);
  EXPECT_EQ(thinned.front().share, 0);
  EXPECT_EQ(thinned.back().share, 0.999);
  EXPECT_THAT(thinned, testing::SizeIs(testing::AllOf(testing::Ge(10U), testing::Le(12U))));
}

}  // namespace
}  // namespace supervision::classification
