#pragma once

#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "services/classification/catalogue.h"
#include "services/classification/rules.h"

namespace supervision::config {

// The files of `folder` that hold rules, in the order of their names: *.yaml, but no hidden ones,
// as an editor keeps beside a file that is being changed. Empty where the folder cannot be read.
std::vector<std::string> RulePaths(const std::string& folder, std::error_code* error);

// Reads the rules of `folder` in the order of their names and puts them together. `as_of` is
// the day whose rules are in force. Mistakes stand in RuleSet::mistakes, for Classifier::Create to
// tell together with its own; the status is not OK only when a file cannot be read, or is so broken
// that checks of its meaning would mislead.
absl::StatusOr<classification::RuleSet> LoadRules(const std::string& folder, absl::CivilDay as_of);

}  // namespace supervision::config
