#include "services/domain/calendar.h"

#include "services/domain/civil_date.h"

namespace supervision::domain {

bool Calendar::IsWorkingDay(absl::CivilDay day) const {
  const absl::Weekday weekday = absl::GetWeekday(day);
  const bool weekend = weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday;
  const auto year = years.find(static_cast<int>(day.year()));
  if (year == years.end()) return !weekend;
  return weekend ? year->second.working.count(day) > 0 : year->second.off.count(day) == 0;
}

absl::Time Calendar::NextWorkingDay(absl::Time time) const {
  absl::CivilDay day = CivilDate(time);
  if (IsWorkingDay(day)) return time;
  while (!IsWorkingDay(day)) ++day;
  return absl::FromCivil(day, ChinaTime());
}

absl::Time Calendar::NextOfficeHour(absl::Time time) const {
  absl::CivilDay day = CivilDate(time);
  if (IsWorkingDay(day)) {
    const absl::Time midnight = absl::FromCivil(day, ChinaTime());
    if (time < midnight + opens) return midnight + opens;
    if (time < midnight + closes) return time;
  }
  do {
    ++day;
  } while (!IsWorkingDay(day));
  return absl::FromCivil(day, ChinaTime()) + opens;
}

}  // namespace supervision::domain
