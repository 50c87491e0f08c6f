#pragma once

#include <optional>
#include <string>

#include "services/config/server_settings.h"

namespace supervision::server {

// What supervisiond was called with.
struct CommandLine {
  enum class Action { kServe, kCheckConfig, kPrintConfig };
  Action action = Action::kServe;
  config::ServerSources sources;
};

// The program's version, as built.
std::string ProgramVersion();

// Parses the arguments. Nothing when the program has to end with `*exit_code` at once: help or the
// version has been printed, or what is wrong.
std::optional<CommandLine> ParseCommandLine(int argc, char** argv, int* exit_code);

}  // namespace supervision::server
