#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/observability/log.h"

namespace supervision::observability {

// One event as one line without its end: whatever the fields hold, the line has no line break and
// no control character, and the JSON form is valid JSON in valid UTF-8.
//
//   text  2026-03-01T02:03:04.005Z WARNING redis_lost address=unix:/run/x reason="timed out"
//   JSON  {"time":"2026-03-01T02:03:04.005Z","level":"warning","event":"redis_lost",…}
std::string FormatEvent(Logger::Format format, Logger::Level level, absl::Time time,
                        std::string_view event, std::initializer_list<Logger::Field> fields);

// "debug", "info", "warning", "error".
std::string_view Name(Logger::Level level);

}  // namespace supervision::observability
