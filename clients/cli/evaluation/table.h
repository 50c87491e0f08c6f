#pragma once

#include <string>

#include "clients/cli/evaluation/evaluation.h"
#include "clients/cli/session.h"

namespace supervision::cli {

// The evaluation as text for a terminal, in the language of the session.
std::string ToTable(Session& session, const Evaluation& evaluation);

// One line: by what was judged.
std::string MethodText(Language language, const Evaluation& evaluation);

}  // namespace supervision::cli
