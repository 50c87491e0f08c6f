// Many more clues than usual, and when it is known what is usual.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/combining/routes_for_test.h"

namespace supervision::combining {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kWeek = absl::Hours(24 * 7);

class SurgeTest : public ::testing::Test {
 protected:
  void Begin(absl::Time known_since) {
    engine_ =
        std::make_unique<Engine>(Only(UnitSurge(kWeek, 4)), std::map<std::string, absl::Time>());
    engine_->HistoryBegins(known_since);
    engine_->GoLive({});
  }
  // So many clues at that moment.
  void Take(int count, absl::Duration at) {
    for (int i = 0; i < count; ++i) {
      ++position_;
      engine_->Take(0, position_, ClueEvent("c" + std::to_string(position_), at));
    }
  }
  std::vector<Firing> Due() { return engine_->Due(absl::InfiniteFuture()); }

  std::unique_ptr<Engine> engine_;
  int64_t position_ = 0;
};

TEST_F(SurgeTest, ThreeTimesTheMedianIsTold) {
  Begin(absl::InfinitePast());
  for (int week = 0; week < 4; ++week) Take(1 + week % 2, week * kWeek);
  EXPECT_THAT(Due(), IsEmpty());
  Take(4, 4 * kWeek);
  EXPECT_THAT(Due(), IsEmpty()) << "the median is 1.5";
  Take(1, 4 * kWeek);
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->usual, 1.5);
  EXPECT_THAT(told[0].alert.group->arithmetic_zh, HasSubstr("此前4个同样时段的中位数为1.5"));
}

TEST_F(SurgeTest, WhatIsAsManyAsEachWeekIsNoSurgeOfAYoungLedger) {
  Begin(kBegin);
  for (int week = 0; week < 9; ++week) {
    Take(12, week * kWeek);
    EXPECT_THAT(Due(), IsEmpty()) << "week " << week;
  }
}

TEST_F(SurgeTest, OnceHalfOfTheBaselineIsKnownTheMedianIsOfThat) {
  Begin(kBegin);
  Take(2, absl::Hours(1));
  Take(2, kWeek + absl::Hours(1));
  Take(9, 3 * kWeek - absl::Hours(1));
  EXPECT_THAT(Due(), IsEmpty()) << "less than half";
  Take(1, 3 * kWeek);
  const std::vector<Firing> told = Due();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].alert.group->usual, 2);
  EXPECT_THAT(told[0].alert.group->arithmetic_zh,
              HasSubstr("此前2个同样时段（应有4个，更早的尚无记录）的中位数为2"));
  EXPECT_THAT(
      told[0].alert.group->arithmetic_en,
      HasSubstr("the median of the 2 such times before (of 4, earlier ones are not known)"));
}

}  // namespace
}  // namespace supervision::combining
