#pragma once

#include <string>
#include <vector>

#include "clients/cli/session.h"

namespace supervision::cli {

// Sorts every clue of these NDJSON files ("-": standard input), whose lines are those of submit
// --ndjson, and stores nothing. Answers come in the order of the lines, as a table or one JSON
// object each. A line that is no clue or is refused is told with its place and never keeps the
// others back. The exit code: kRefused when some were.
int ClassifyMany(Session& session, const std::vector<std::string>& paths, bool json);

}  // namespace supervision::cli
