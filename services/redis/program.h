#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace supervision::redis {

// The path of the program `name` by PATH; empty when there is none.
std::string FindOnPath(const std::string& name);

// The program to start as redis-server: `configured` where it is not empty, otherwise the one on
// PATH, or Debian's redis-check-rdb, which is the same binary. NotFound with what to install.
absl::StatusOr<std::string> FindRedisServer(const std::string& configured = "");

// How a program ended that was run to its end.
struct ProgramEnd {
  std::string output;  // stdout and stderr together
  std::string how;     // "exited with status 1"
  bool ok() const { return how == "exited with status 0"; }
  bool exited() const { return how.rfind("exited", 0) == 0; }  // and no signal ended it
};

// Runs the program at `path` to its end; `words` are its arguments from argv[0] on, `input` what it
// reads. Unavailable, Internal when it cannot be started.
absl::StatusOr<ProgramEnd> RunToEnd(const std::string& path, std::vector<std::string> words,
                                    std::string_view input = "");

// Runs a program of this machine to its end and gives what it printed (stdout and stderr together).
// FailedPrecondition with its last words when it exits otherwise than with status 0. Aborted when a
// signal ends it, and NotFound, Unavailable or Internal when it cannot be started: then it has said
// nothing of what it was given. `arguments` are those behind argv[0].
absl::StatusOr<std::string> RunProgram(const std::string& name, std::vector<std::string> arguments);

}  // namespace supervision::redis
