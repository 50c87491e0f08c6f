#pragma once

#include <string>

#include "clients/cli/commands.h"
#include "supervision/v1/review_service.pb.h"

namespace supervision::cli {

// `review export` and `review agreement`: what became of the corrections.
void AddCorrections(CLI::App& review, Session& session, Run& run);

// One line of labelled data, as `train` and `evaluate` read it. REQUIRES: clue.has_texts().
std::string LabelledLine(const v1::CorrectedClue& clue);

}  // namespace supervision::cli
