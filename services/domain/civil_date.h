#pragma once

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace supervision::domain {

// Legal dates are civil dates in China standard time (UTC+8, no daylight saving).
absl::TimeZone ChinaTime();

// The civil date that `time` falls on in China standard time.
absl::CivilDay CivilDate(absl::Time time);

}  // namespace supervision::domain
