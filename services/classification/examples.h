#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/classification/classifier.h"
#include "services/classification/rules.h"

namespace supervision::classification {

class Normaliser;
struct RuleIndex;

// What became of the examples of rules. Pointers lead into the rule set.
struct ExampleReport {
  struct Mistake {
    const Rule* rule = nullptr;
    const Phrase* text = nullptr;
    bool counter = false;  // a counter-example that matches; else an example that does not
  };

  size_t rules = 0;
  size_t examples = 0;
  size_t counter_examples = 0;
  std::vector<Mistake> mistakes;              // in the order of files and lines
  std::vector<const Rule*> without_examples;  // rules that lack one of the kinds
  std::vector<const Problem*> without_rules;  // problem models that no rule shows
};

// Runs the examples of `rules`, from which `index` was built, in that order. Says nothing of
// problem models.
ExampleReport RunExamples(const std::vector<const Rule*>& rules, const RuleIndex& index,
                          const Normaliser& normaliser);

// Runs each rule's own examples and counter-examples, each as a clue of its own. All rules take
// part, in force or not. INVALID_ARGUMENT with all mistakes when the patterns cannot be compiled,
// and what Normaliser::Create tells.
absl::StatusOr<ExampleReport> RunExamples(const RuleSet& rules);
absl::StatusOr<ExampleReport> RunExamples(RuleSet&& rules) = delete;  // the report points into it

// An example as a clue: its text is the content; of two lines or more, the first is the title.
Input InputOfExample(const Phrase& text);

// "23_admin.yaml:12: rule X: the example is not matched: …", with the remedy.
std::string ToString(const ExampleReport::Mistake& mistake);

}  // namespace supervision::classification
