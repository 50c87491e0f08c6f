#include "clients/cli/top/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace supervision::cli {
namespace {

using ::testing::DoubleNear;
using ::testing::Optional;

v1::LatencyFigures Classes(std::vector<int64_t> counts) {
  v1::LatencyFigures figures;
  for (const double bound : {0.001, 0.002, 0.01}) figures.add_bounds_seconds(bound);
  for (const int64_t count : counts) figures.add_counts(count);
  return figures;
}

v1::GetStatusResponse StatusAt(int64_t second, int64_t accepted) {
  v1::GetStatusResponse status;
  status.mutable_started_at()->set_seconds(1000);
  status.mutable_figures()->mutable_at()->set_seconds(second);
  status.mutable_figures()->mutable_intake()->set_accepted_total(accepted);
  return status;
}

TEST(RatesTest, AreWhatWasAddedOverTheServicesOwnTime) {
  const auto rates = RatesBetween(StatusAt(2000, 100), StatusAt(2004, 150));
  ASSERT_TRUE(rates.has_value());
  EXPECT_DOUBLE_EQ(rates->accepted, 12.5);
  EXPECT_DOUBLE_EQ(rates->told, 0);
  EXPECT_FALSE(rates->intake_p99.has_value());
}

TEST(RatesTest, AreNotKnownAcrossARestartOrWithoutTimeBetween) {
  v1::GetStatusResponse restarted = StatusAt(2004, 3);
  restarted.mutable_started_at()->set_seconds(2003);
  EXPECT_FALSE(RatesBetween(StatusAt(2000, 100), restarted).has_value());
  EXPECT_FALSE(RatesBetween(StatusAt(2000, 100), StatusAt(2000, 100)).has_value());
}

TEST(QuantileTest, IsOfWhatWasCountedBetweenTheLooksOnly) {
  // A thousand slow ones before; since then ten in the first class and ten in the second.
  const auto before = Classes({0, 0, 1000, 0});
  const auto after = Classes({10, 10, 1000, 0});
  EXPECT_THAT(Quantile(before, after, 0.25), Optional(DoubleNear(0.0005, 1e-9)));
  EXPECT_THAT(Quantile(before, after, 0.75), Optional(DoubleNear(0.0015, 1e-9)));
  EXPECT_EQ(Quantile(after, after, 0.5), std::nullopt);
}

TEST(QuantileTest, BeginsWithoutClassesAndEndsAtTheLastBound) {
  const auto after = Classes({0, 0, 0, 5});
  EXPECT_THAT(Quantile(v1::LatencyFigures(), after, 0.99), Optional(0.01));
  EXPECT_EQ(Quantile(v1::LatencyFigures(), v1::LatencyFigures(), 0.99), std::nullopt);
}

}  // namespace
}  // namespace supervision::cli
