#include "services/classification/evaluation/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/classification/evaluation/metrics.h"
#include "tests/unit/classification/evaluation/judged_for_test.h"

namespace supervision::classification {
namespace {

TEST(CalibrationTest, ErrorIsTheMeanDistanceOfTheBins) {
  JudgedSet set;
  set.Add("A", "A", 0.92);
  set.Add("A", "A", 0.98);  // bin 0.9: confidence 0.95, accuracy 1
  set.Add("A", "A", 0.60);
  set.Add("A", "B", 0.64);  // bin 0.6: confidence 0.62, accuracy 0.5
  const auto bins = Reliability(set.all());
  ASSERT_EQ(bins.size(), 10U);
  EXPECT_EQ(bins[9].answers, 2U);
  EXPECT_NEAR(bins[9].confidence, 0.95, 1e-12);
  EXPECT_NEAR(bins[6].accuracy, 0.5, 1e-12);
  EXPECT_NEAR(CalibrationError(bins), (2 * 0.05 + 2 * 0.12) / 4, 1e-12);
  EXPECT_NEAR(Measure(set.all()).calibration_error, 0.085, 1e-12);
}

TEST(CalibrationTest, AcceptedClassCountsAsRight) {
  JudgedSet set;
  set.Add("A", "B", 0.75);
  set.clue().accept = {"A", "B"};
  EXPECT_EQ(Reliability(set.all())[7].accuracy, 1);
}

TEST(CalibrationTest, CertaintyBelongsToTheLastBin) {
  JudgedSet set;
  set.Add("A", "A", 1.0);
  EXPECT_EQ(Reliability(set.all(), 4)[3].answers, 1U);
}

TEST(CalibrationTest, ConfidenceOutOfRangeIsTakenIntoIt) {
  JudgedSet set;
  set.Add("A", "A", 1.00001);
  set.Add("A", "A", -0.5);
  const auto bins = Reliability(set.all(), 2);
  EXPECT_EQ(bins[0].answers, 1U);
  EXPECT_EQ(bins[1].confidence, 1);
}

}  // namespace
}  // namespace supervision::classification
