#pragma once

#include "services/config/problems.h"
#include "services/domain/calendar.h"
#include "supervision/config/v1/calendar.pb.h"

namespace supervision::config {

// The working days of calendar.yaml; what is wrong with it is added to `problems`.
domain::Calendar ToCalendar(const v1::CalendarFile& file, const SourceMap& source,
                            Problems* problems);

}  // namespace supervision::config
