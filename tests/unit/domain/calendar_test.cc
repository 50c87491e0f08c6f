#include "services/domain/calendar.h"

#include "gtest/gtest.h"
#include "services/domain/civil_date.h"

namespace supervision::domain {
namespace {

absl::Time At(int month, int day, int hour, int minute = 0) {
  return absl::FromCivil(absl::CivilMinute(2026, month, day, hour, minute), ChinaTime());
}

Calendar Known() {
  Calendar calendar;
  for (int day = 15; day <= 23; ++day) {
    calendar.years[2026].off.insert(absl::CivilDay(2026, 2, day));
  }
  calendar.years[2026].working = {absl::CivilDay(2026, 2, 14)};
  return calendar;
}

TEST(CalendarTest, AHolidayIsOffAndAMakeUpSaturdayIsWorked) {
  const Calendar calendar = Known();
  EXPECT_FALSE(calendar.IsWorkingDay(absl::CivilDay(2026, 2, 16)));  // a Monday
  EXPECT_TRUE(calendar.IsWorkingDay(absl::CivilDay(2026, 2, 14)));   // a Saturday
  EXPECT_FALSE(calendar.IsWorkingDay(absl::CivilDay(2026, 3, 7)));
  EXPECT_TRUE(calendar.IsWorkingDay(absl::CivilDay(2026, 3, 9)));
}

TEST(CalendarTest, OfAnUnknownYearOnlyTheWeekendsAreKnown) {
  const Calendar calendar = Known();
  EXPECT_FALSE(calendar.Knows(absl::CivilDay(2027, 10, 1)));
  EXPECT_TRUE(calendar.IsWorkingDay(absl::CivilDay(2027, 10, 1)));
  EXPECT_FALSE(calendar.IsWorkingDay(absl::CivilDay(2027, 10, 2)));
}

TEST(CalendarTest, OfficeHoursAreTheNextThatCome) {
  const Calendar calendar = Known();
  EXPECT_EQ(calendar.NextOfficeHour(At(3, 2, 10)), At(3, 2, 10));
  EXPECT_EQ(calendar.NextOfficeHour(At(3, 2, 7)), At(3, 2, 8, 30));
  EXPECT_EQ(calendar.NextOfficeHour(At(2, 14, 17, 30)), At(2, 24, 8, 30));
  EXPECT_EQ(calendar.NextWorkingDay(At(2, 16, 12)), At(2, 24, 0));
  EXPECT_EQ(calendar.NextWorkingDay(At(3, 2, 3)), At(3, 2, 3));
}

}  // namespace
}  // namespace supervision::domain
