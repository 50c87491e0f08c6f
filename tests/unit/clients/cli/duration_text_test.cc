#include "clients/cli/duration_text.h"

#include <gtest/gtest.h>

#include <string>

namespace supervision::cli {
namespace {

TEST(DurationTextTest, TakesDaysAndWeeksBesideWhatAClockHas) {
  constexpr absl::Duration kDay = absl::Hours(24);
  const struct {
    const char* text;
    absl::Duration means;
  } cases[] = {
      {"45s", absl::Seconds(45)},
      {"90m", absl::Minutes(90)},
      {"8h", absl::Hours(8)},
      {"3d", 3 * kDay},
      {"2w", 14 * kDay},
      {"1d12h", 1.5 * kDay},
      {"1w1d1h1m1s", 8 * kDay + absl::Hours(1) + absl::Seconds(61)},
      {"1.5h", absl::Minutes(90)},
      {"0.5d", absl::Hours(12)},
      {"1m0.5s", absl::Minutes(1)},
  };
  for (const auto& one : cases) EXPECT_EQ(DurationFromText(one.text), one.means) << one.text;
}

TEST(DurationTextTest, WhatIsNoneOrTooShortIsRefused) {
  for (const char* const text :
       {"", "soon", "8", "d", "3 d", "-3d", "+3d", "0d", "0.5s", "3D", "3y", "3d4", "1..5h", ".h",
        "1e3h", "3days", "99999999999999999999999w"}) {
    EXPECT_EQ(DurationFromText(text), std::nullopt) << text;
  }
  EXPECT_EQ(DurationFromText(std::string(400, '9') + "w"), std::nullopt);
}

}  // namespace
}  // namespace supervision::cli
