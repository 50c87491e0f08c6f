#include "services/config/units.h"

#include <string>

#include "gtest/gtest.h"

namespace supervision::config {
namespace {

TEST(UnitsTest, DurationsAreWholeNumbersWithUnits) {
  const std::pair<const char*, absl::Duration> cases[] = {
      {"0s", absl::ZeroDuration()},
      {"250ms", absl::Milliseconds(250)},
      {"5s", absl::Seconds(5)},
      {"10m", absl::Minutes(10)},
      {"2h", absl::Hours(2)},
      {"90d", absl::Hours(24 * 90)},
      {"1h30m", absl::Minutes(90)},
      {"1d1h1m1s1ms",
       absl::Hours(25) + absl::Minutes(1) + absl::Seconds(1) + absl::Milliseconds(1)},
      {"90m", absl::Minutes(90)},
      {"36500d", absl::Hours(24) * 36500},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(ParseDuration(text), expected) << text;
}

TEST(UnitsTest, OtherTextIsNoDuration) {
  for (const char* text : {"",
                           "5",
                           "s",
                           "-5s",
                           "+5s",
                           "1.5s",
                           "5 s",
                           " 5s",
                           "5s ",
                           "5S",
                           "5sec",
                           "30m1h",
                           "1s1s",
                           "1ms1s",
                           "36501d",
                           "36500d1ms",
                           "9223372036854775808ms",
                           "99999999999999999999s",
                           "5s5",
                           "５s",
                           "1h-1m"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, SizesAreWholeNumbersWithBinaryUnits) {
  const std::pair<const char*, int64_t> cases[] = {{"0", 0},
                                                   {"0B", 0},
                                                   {"512B", 512},
                                                   {"64KiB", 65536},
                                                   {"64MiB", 64 << 20},
                                                   {"1GiB", 1 << 30},
                                                   {"2TiB", int64_t{2} << 40}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(ParseSize(text), expected) << text;
}

TEST(UnitsTest, OtherTextIsNoSize) {
  for (const char* text : {"", "1", "64MB", "64mib", "64 MiB", "-1B", "1.5GiB", "MiB", "1KiB1B",
                           "8388608TiB", "99999999999999999999B", "0x10B", "00"}) {
    EXPECT_EQ(ParseSize(text), std::nullopt) << text;
  }
}

TEST(UnitsTest, TextsGiveTheValueAgain) {
  for (const char* text : {"0ms", "250ms", "5s", "90m", "2h", "90d"}) {
    EXPECT_EQ(DurationText(*ParseDuration(text)), text);
  }
  for (const char* text : {"0", "512B", "1536B", "64KiB", "1GiB", "3TiB"}) {
    EXPECT_EQ(SizeText(*ParseSize(text)), text);
  }
}

}  // namespace
}  // namespace supervision::config
