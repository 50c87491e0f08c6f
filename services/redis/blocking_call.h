#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/redis/client.h"

namespace supervision::redis {

// Sends one command over a connection of its own to the unix socket `path` and waits for the reply;
// an error reply is a reply. Not for the loop's thread: for starting and ending a server, where no
// Client can live yet or any more. A server that closes without a reply gives kUnavailable.
absl::StatusOr<Reply> CallAndWait(const std::string& path, const Command& command,
                                  absl::Duration timeout);

}  // namespace supervision::redis
