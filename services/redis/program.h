#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace supervision::redis {

// The path of the program `name` by PATH; empty when there is none.
std::string FindOnPath(const std::string& name);

// The program to start as redis-server: `configured` where it is not empty, otherwise the one on
// PATH, or Debian's redis-check-rdb, which is the same binary. NotFound with what to install.
absl::StatusOr<std::string> FindRedisServer(const std::string& configured = "");

// Runs a program of this machine to its end and gives what it printed (stdout and stderr together).
// FailedPrecondition with its last words when it is not there or ends otherwise than with status 0.
// `arguments` are those behind argv[0].
absl::StatusOr<std::string> RunProgram(const std::string& name, std::vector<std::string> arguments);

}  // namespace supervision::redis
