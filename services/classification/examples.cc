#include "services/classification/examples.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/classification/matcher.h"
#include "services/classification/normaliser.h"
#include "services/classification/rule_index.h"

namespace supervision::classification {

Input InputOfExample(const Phrase& text) {
  const std::string_view all = text.text;
  const size_t line = all.find('\n');
  if (line == std::string_view::npos) {
    return {"", all, nullptr, std::nullopt};
  }
  return {all.substr(0, line), all.substr(line + 1), nullptr, std::nullopt};
}

ExampleReport RunExamples(const std::vector<const Rule*>& rules, const RuleIndex& index,
                          const Normaliser& normaliser) {
  Matcher matcher(&index, &normaliser);
  const auto matches = [&](const Phrase& text, size_t number) {
    const std::vector<RuleMatch>& found = matcher.Match(InputOfExample(text));
    return std::any_of(found.begin(), found.end(),
                       [&](const RuleMatch& match) { return match.rule == number; });
  };
  ExampleReport report;
  report.rules = rules.size();
  for (size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = *rules[i];
    report.examples += rule.examples.size();
    report.counter_examples += rule.counter_examples.size();
    if (rule.examples.empty() || rule.counter_examples.empty()) {
      report.without_examples.push_back(&rule);
    }
    for (const Phrase& text : rule.examples) {
      if (!matches(text, i)) {
        report.mistakes.push_back({&rule, &text, false});
      }
    }
    for (const Phrase& text : rule.counter_examples) {
      if (matches(text, i)) {
        report.mistakes.push_back({&rule, &text, true});
      }
    }
  }
  return report;
}

absl::StatusOr<ExampleReport> RunExamples(const RuleSet& rules) {
  absl::StatusOr<std::unique_ptr<Normaliser>> normaliser = Normaliser::Create();
  if (!normaliser.ok()) {
    return normaliser.status();
  }
  std::vector<const Rule*> all;
  std::set<std::string> shown;
  for (const Rule& rule : rules.rules) {
    all.push_back(&rule);
    shown.insert(rule.problem);
  }
  std::vector<std::string> errors = rules.mistakes;
  const std::unique_ptr<RuleIndex> index =
      BuildRuleIndex(all, rules.lexicons, rules.scoring, **normaliser, &errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the rules cannot be tried before these are mended:\n", absl::StrJoin(errors, "\n")));
  }
  ExampleReport report = RunExamples(all, *index, **normaliser);
  for (const Problem& problem : rules.problems) {
    if (shown.count(problem.code) == 0) {
      report.without_rules.push_back(&problem);
    }
  }
  return report;
}

std::string ToString(const ExampleReport::Mistake& mistake) {
  return absl::StrCat(ToString(mistake.text->origin), ": rule ", mistake.rule->id,
                      mistake.counter
                          ? ": the counter-example matches; narrow the rule or add `unless`: "
                          : ": the example is not matched; widen the rule or correct the example: ",
                      mistake.text->text);
}

}  // namespace supervision::classification
