#include "services/classification/untried.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/classification/examples.h"
#include "services/classification/matcher.h"
#include "services/classification/normaliser.h"
#include "services/classification/pattern.h"
#include "services/classification/rule_index.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

using Part = Untried::Part;
using Pairs = std::set<std::string>;  // two characters in a row, normalised

// The rule without one of its conditions.
struct Variant {
  const Rule* of = nullptr;
  Part lacks = Part::kWords;
  Rule rule;
};

template <typename Drop>
void AddVariant(const Rule& rule, bool has, Part part, Drop&& drop, std::deque<Variant>* variants) {
  if (has && !rule.counter_examples.empty()) {
    variants->push_back({&rule, part, rule});
    drop(&variants->back().rule);
  }
}

std::deque<Variant> VariantsOf(const RuleSet& rules) {
  std::deque<Variant> variants;
  for (const Rule& rule : rules.rules) {
    AddVariant(
        rule, !rule.with.empty(), Part::kWith, [](Rule* it) { it->with.clear(); }, &variants);
    AddVariant(
        rule, !rule.without.empty(), Part::kWithout, [](Rule* it) { it->without.clear(); },
        &variants);
    AddVariant(
        rule, !rule.unless.empty(), Part::kUnless, [](Rule* it) { it->unless.clear(); }, &variants);
    AddVariant(
        rule, rule.section != RuleSection::kAnywhere, Part::kSection,
        [](Rule* it) { it->section = RuleSection::kAnywhere; }, &variants);
  }
  return variants;
}

// Adds those of `text`, and returns how many it has.
size_t AddPairs(const std::string& text, Pairs* pairs) {
  size_t before = 0;
  size_t at = 0;
  size_t points = 0;
  for (; at < text.size(); ++points) {
    const size_t begin = at;
    DecodeUtf8(text, &at);
    if (points > 0) {
      pairs->insert(text.substr(before, at - before));
    }
    before = begin;
  }
  return points < 2 ? 0 : points - 1;
}

class Words {
 public:
  Words(const RuleSet& rules, const Normaliser& normaliser) : normaliser_(normaliser) {
    bool longer = false;
    for (const Lexicon& lexicon : rules.lexicons) {
      AddPatterns(lexicon.phrases, &lexicons_[lexicon.name], &longer);
    }
  }

  // True also where no text can come near without matching: all its words have two characters.
  bool Near(const Rule& rule) const {
    Pairs words;
    bool longer = false;
    AddPatterns(rule.any, &words, &longer);
    return !longer || std::any_of(rule.counter_examples.begin(), rule.counter_examples.end(),
                                  [&](const Phrase& text) { return Shares(text, words); });
  }

 private:
  bool Shares(const Phrase& text, const Pairs& words) const {
    Pairs pairs;
    AddPairs(normaliser_.Normalise(text.text), &pairs);
    return std::any_of(pairs.begin(), pairs.end(),
                       [&](const std::string& pair) { return words.count(pair) > 0; });
  }

  // `longer` becomes true when a pattern is more than a word of two characters or a reference.
  void AddPatterns(const std::vector<Phrase>& patterns, Pairs* pairs, bool* longer) const {
    std::string error;  // none: the patterns were compiled before
    for (const Phrase& pattern : patterns) {
      const std::vector<Segment> segments = ParsePattern(pattern.text, &error);
      for (const Segment& segment : segments) {
        for (const std::string& phrase : segment.phrases) {
          const size_t count = AddPairs(normaliser_.Normalise(phrase), pairs);
          *longer = *longer || count > 1 || segments.size() > 1;
        }
        const auto lexicon = lexicons_.find(segment.lexicon);
        if (lexicon != lexicons_.end()) {
          pairs->insert(lexicon->second.begin(), lexicon->second.end());
          *longer = true;
        }
      }
    }
  }

  const Normaliser& normaliser_;
  std::map<std::string, Pairs> lexicons_;
};

}  // namespace

absl::StatusOr<std::vector<Untried>> FindUntried(const RuleSet& rules) {
  absl::StatusOr<std::unique_ptr<Normaliser>> normaliser = Normaliser::Create();
  if (!normaliser.ok()) {
    return normaliser.status();
  }
  const std::deque<Variant> variants = VariantsOf(rules);
  std::vector<const Rule*> compiled;
  for (const Variant& variant : variants) {
    compiled.push_back(&variant.rule);
  }
  for (const Rule& rule : rules.rules) {  // so that a mistake in any of them is told
    compiled.push_back(&rule);
  }
  std::vector<std::string> errors = rules.mistakes;
  const std::unique_ptr<RuleIndex> index =
      BuildRuleIndex(compiled, rules.lexicons, rules.scoring, **normaliser, &errors);
  if (!errors.empty()) {
    return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
  }
  Matcher matcher(index.get(), normaliser->get());
  const Words words(rules, **normaliser);
  std::vector<Untried> untried;
  size_t next = 0;  // variants are in the order of their rules
  for (const Rule& rule : rules.rules) {
    if (!rule.counter_examples.empty() && !words.Near(rule)) {
      untried.push_back({&rule, Part::kWords});
    }
    for (; next < variants.size() && variants[next].of == &rule; ++next) {
      const bool needed = std::any_of(
          rule.counter_examples.begin(), rule.counter_examples.end(), [&](const Phrase& text) {
            const std::vector<RuleMatch>& found = matcher.Match(InputOfExample(text));
            return std::any_of(found.begin(), found.end(),
                               [&](const RuleMatch& match) { return match.rule == next; });
          });
      if (!needed) {
        untried.push_back({&rule, variants[next].lacks});
      }
    }
  }
  return untried;
}

std::string ToString(const Untried& untried) {
  const std::string rule =
      absl::StrCat(ToString(untried.rule->origin), ": rule ", untried.rule->id, ": ");
  if (untried.part == Part::kWords) {
    return absl::StrCat(rule,
                        "its counter-examples are far from its words; give one that comes near");
  }
  const std::string part = untried.part == Part::kWith      ? "with"
                           : untried.part == Part::kWithout ? "without"
                           : untried.part == Part::kUnless  ? "unless"
                                                            : "section";
  return absl::StrCat(rule, "no counter-example needs its `", part,
                      "`; give one that only this keeps out");
}

}  // namespace supervision::classification
