#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "services/observability/log.h"

namespace supervision::server {

// What is needed for `max_streams` that come on connections of their own, and the service itself.
int64_t DescriptorsFor(int max_streams);

// Each stream may come on a connection of its own, which is a file descriptor: raises the soft
// limit as far as it may go, and warns when `max_streams` cannot be reached with it. How many this
// process may have now; FAILED_PRECONDITION when not even the service itself can do with them.
absl::StatusOr<int64_t> RaiseFileLimit(int max_streams, observability::Logger* log);

}  // namespace supervision::server
