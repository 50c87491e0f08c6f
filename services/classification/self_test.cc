#include "services/classification/self_test.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/classification/matcher.h"
#include "services/classification/normaliser.h"
#include "services/classification/rule_index.h"

namespace supervision::classification {

std::vector<std::string> FailedExamples(const RuleSet& rules) {
  std::vector<std::string> failed;
  const absl::StatusOr<std::unique_ptr<Normaliser>> normaliser = Normaliser::Create();
  if (!normaliser.ok()) return {std::string(normaliser.status().message())};
  std::vector<const Rule*> all;
  for (const Rule& rule : rules.rules) all.push_back(&rule);
  std::vector<std::string> errors;
  const std::unique_ptr<RuleIndex> index =
      BuildRuleIndex(all, rules.lexicons, rules.scoring, **normaliser, &errors);
  if (!errors.empty() || index == nullptr) return failed;
  Matcher matcher(index.get(), normaliser->get());
  const auto matches = [&matcher](const Phrase& text, size_t rule) {
    const std::vector<RuleMatch>& found = matcher.Match({"", text.text, nullptr, std::nullopt});
    return std::any_of(found.begin(), found.end(),
                       [rule](const RuleMatch& match) { return match.rule == rule; });
  };
  for (size_t i = 0; i < all.size(); ++i) {
    for (const Phrase& text : all[i]->examples) {
      if (matches(text, i)) continue;
      failed.push_back(absl::StrCat(ToString(text.origin), ": rule ", all[i]->id,
                                    " does not match this example; correct its patterns or the "
                                    "example"));
    }
    for (const Phrase& text : all[i]->counter_examples) {
      if (!matches(text, i)) continue;
      failed.push_back(absl::StrCat(ToString(text.origin), ": rule ", all[i]->id,
                                    " matches this counter-example; narrow its patterns (unless, "
                                    "without) or correct the example"));
    }
  }
  return failed;
}

}  // namespace supervision::classification
