#pragma once

#include <string>

#include "clients/cli/session.h"

namespace supervision::cli {

// Where --config looks when it is not given: the folder of an installed package where that is
// there, otherwise the shipped one of the source tree.
std::string DefaultConfigPlace();

// Whether `place` is where --config looks when it is not given, and nothing is there: a command
// that needs the configuration ends with what NoConfig returns, which says what to give.
bool IsNoConfig(const std::string& place);
int NoConfig(const Session& session);

}  // namespace supervision::cli
