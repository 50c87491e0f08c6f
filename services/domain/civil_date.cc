#include "services/domain/civil_date.h"

namespace supervision::domain {

absl::TimeZone ChinaTime() {
  constexpr int kOffsetSeconds = 8 * 60 * 60;
  return absl::FixedTimeZone(kOffsetSeconds);
}

absl::CivilDay CivilDate(absl::Time time) { return absl::ToCivilDay(time, ChinaTime()); }

}  // namespace supervision::domain
