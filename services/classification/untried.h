#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/classification/rules.h"

namespace supervision::classification {

// What the counter-examples of a rule leave untried. A counter-example is worth its line only when
// a slip of the rule would make it match: it stands near the rule's words, and when the rule has
// conditions beside its words, one of its counter-examples is kept out by each of them alone.
struct Untried {
  enum class Part {
    kWords,  // no counter-example has even two characters in a row of its words
    kWith,   // without this condition all would be kept out as before; so for those below
    kWithout,
    kUnless,
    kSection,
  };
  const Rule* rule = nullptr;
  Part part = Part::kWords;
};

// In the order of files and lines. Compiles the rules a second time, so it is for tools and tests.
// Fails as RunExamples does. A rule without counter-examples is not looked at: RunExamples tells
// it.
absl::StatusOr<std::vector<Untried>> FindUntried(const RuleSet& rules);
absl::StatusOr<std::vector<Untried>> FindUntried(RuleSet&& rules) = delete;  // points into it

// "23_admin.yaml:12: rule X: no counter-example needs its `unless`; …", with the remedy.
std::string ToString(const Untried& untried);

}  // namespace supervision::classification
