#pragma once

#include <string>

namespace supervision::cli {

// Runs `command` by /bin/sh with `input` on its standard input, and waits for its end. True when it
// ended with status 0. It need not read its input.
bool RunShellCommand(const std::string& command, const std::string& input);

}  // namespace supervision::cli
