#pragma once

#include "absl/time/time.h"
#include "services/base/clock.h"

namespace supervision::client {

// A clock that nobody sets, for whatever is waited for: a wall clock that is set back while a
// client pauses would hold it up for as long as it went back. Its times are no dates. Lives for the
// whole process.
const base::Clock* SteadyClock();

inline absl::Time SteadyNow() { return SteadyClock()->Now(); }

}  // namespace supervision::client
