#pragma once

#include <map>
#include <set>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace supervision::domain {

// Which days are worked (工作日), and when offices are open, in China standard time. A weekday is a
// working day unless it is off; a Saturday or Sunday is none unless it is listed. Of a year that is
// not known only the weekends count.
struct Calendar {
  struct Year {
    std::set<absl::CivilDay> off;
    std::set<absl::CivilDay> working;
  };
  std::map<int, Year> years;
  absl::Duration opens = absl::Hours(8) + absl::Minutes(30);  // of the day
  absl::Duration closes = absl::Hours(17) + absl::Minutes(30);

  bool Knows(absl::CivilDay day) const { return years.count(static_cast<int>(day.year())) > 0; }
  bool IsWorkingDay(absl::CivilDay day) const;
  // `time` when it is within a working day, else the beginning of the next.
  absl::Time NextWorkingDay(absl::Time time) const;
  // `time` when offices are open, else when they open next.
  absl::Time NextOfficeHour(absl::Time time) const;
};

}  // namespace supervision::domain
