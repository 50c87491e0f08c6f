#pragma once

#include <string>

#include "clients/cli/session.h"
#include "supervision/v1/explanation.pb.h"
#include "supervision/v1/verdict.pb.h"

namespace supervision::cli {

// Why a text was sorted so and not otherwise, in the session's language: the scope, the problem
// models, the runner-up, and the passages of verdict and runner-up with the rules that found them.
// Says so when the set in force would sort it otherwise than `verdict` did.
std::string WhyText(Session& session, const v1::Explanation& explanation,
                    const v1::Verdict& verdict, const std::string& title,
                    const std::string& content);

}  // namespace supervision::cli
