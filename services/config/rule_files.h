#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/classification/classifier.h"

namespace supervision::config {

// The files that together make one classifier.
struct RuleFiles {
  std::string catalogue;
  std::string rules;  // folder
  std::string model;  // empty: the rules alone decide
  bool operator==(const RuleFiles&) const = default;
};

// One set: compiled, its examples tried, and immutable from here on.
struct RuleFileSet {
  std::shared_ptr<const classification::Classifier> classifier;
  std::string digest;  // as DigestOf
  absl::CivilDay day;  // whose rules are in force
};

// The first 12 hex digits of a SHA-256 over the names and bytes of all files; two equal digests are
// the same set. What cannot be read counts as absent.
std::string DigestOf(const RuleFiles& files);

// Reads all files, compiles them, and tries the examples of the rules. Never a mixture: when files
// change while they are read, they are read again. INVALID_ARGUMENT with every mistake, a line
// each; `now` decides which rules are in force.
absl::StatusOr<RuleFileSet> LoadRuleFiles(
    const RuleFiles& files, absl::Time now,
    classification::Lapsed lapsed = classification::Lapsed::kRefuse);

// The lines of a status as LoadRuleFiles gives it, without its headings.
std::vector<std::string> MistakesOf(const absl::Status& status);

}  // namespace supervision::config
