#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/classification/literal_table.h"
#include "services/classification/model/features.h"
#include "services/classification/normaliser.h"
#include "services/classification/pattern.h"
#include "services/classification/rules.h"

namespace supervision::classification {

// The rules' patterns compiled for one pass over a text.
//
// All phrases of all rules are literals of one table, each once. An *atom* is a set
// of phrases (or a reference with a least value) that is one segment of a pattern; a literal
// belongs to one or more atoms. A pattern can match only when each of its atoms was seen. One of
// them, the one that fewest texts are likely to hold, leads to the pattern; so after the scan only
// few are looked at more closely, and most of the atoms that a text holds are never asked for.
// A flat list of lists: the items of list i are items[start[i]] up to items[start[i + 1]].
struct Lists {
  std::vector<uint32_t> start{0};
  std::vector<uint32_t> items;

  const uint32_t* begin_of(uint32_t i) const { return items.data() + start[i]; }
  const uint32_t* end_of(uint32_t i) const { return items.data() + start[i + 1]; }
};

enum class PatternRole : uint8_t { kAny, kWith, kWithout };

struct CompiledSegment {
  uint32_t atom = 0;
  Join join = Join::kBeside;
};

struct CompiledPattern {
  uint32_t rule = 0;
  uint32_t begin = 0;  // its segments
  uint32_t end = 0;
  uint16_t gap = 0;  // code points
  PatternRole role = PatternRole::kAny;
};

struct CompiledRule {
  bool has_with = false;
  RuleSection section = RuleSection::kAnywhere;
  uint32_t unless_begin = 0;  // its atoms in RuleIndex::unless
  uint32_t unless_end = 0;
};

struct ReferenceAtom {
  int64_t least = 0;
  uint32_t atom = 0;
};

// A cue: a lexicon whose name begins with kCuePrefix. The model weighs whether, how often and where
// its words stand; the keys name those signals.
struct Cue {
  uint32_t atom = 0;
  FeatureKey anywhere = 0;
  FeatureKey twice = 0;  // in the content
  FeatureKey often = 0;
  FeatureKey title = 0;
  FeatureKey first_sentence = 0;
  FeatureKey last_sentence = 0;
};

// Those who may be blamed, and what for: lexicons by their prefixes. The model weighs each pair.
struct BlameIndex {
  static constexpr uint32_t kOthers = 2;  // rows behind those of `who`: nobody, who is only asked

  uint32_t Nobody() const { return static_cast<uint32_t>(who.size()); }

  std::vector<uint32_t> who;      // atoms
  std::vector<uint32_t> did;      // atoms
  std::vector<uint32_t> asking;   // one atom or none
  std::vector<uint32_t> telling;  // one atom or none
  std::vector<FeatureKey> keys;   // (who, nobody, asked) x did
  std::vector<FeatureKey> asked_keys;
  std::vector<FeatureKey> told_keys;
};

struct RuleIndex {
  std::unique_ptr<const LiteralTable> literals;
  Lists literal_atoms;  // those that a literal is entered for as soon as it is seen
  Lists atom_literals;  // of the other atoms, which have few literals and are only asked for
  // The patterns that an atom leads to, with all that tells whether their other atoms were seen: a
  // pattern's number, how many items tell it, and these: for each other atom its number, how many
  // literals are to be looked at, and these; none when it is entered.
  Lists atom_patterns;
  std::array<std::vector<ReferenceAtom>, kReferenceTypes> reference_atoms;
  std::vector<CompiledPattern> patterns;
  std::vector<CompiledSegment> segments;  // of all patterns
  std::vector<CompiledRule> rules;        // in the order given to BuildRuleIndex
  std::vector<uint32_t> unless;           // atoms, of all rules
  std::vector<FeatureKey> rule_keys;      // in the same order
  std::vector<Cue> cues;
  std::vector<std::string> cue_names;  // of the lexicons, in the same order
  BlameIndex blame;
  std::array<std::vector<uint32_t>, 16> instrument_rules;              // by domain::InstrumentType
  std::array<std::vector<uint32_t>, kReferenceTypes> reference_rules;  // which one alone decides
  uint32_t unless_within = 0;
  uint32_t atoms = 0;
};

// Compiles `rules`. What is wrong with a pattern is appended to `errors`, each with its place and
// remedy; then the result is not to be used.
std::unique_ptr<RuleIndex> BuildRuleIndex(const std::vector<const Rule*>& rules,
                                          const std::vector<Lexicon>& lexicons,
                                          const Scoring& scoring, const Normaliser& normaliser,
                                          std::vector<std::string>* errors);

}  // namespace supervision::classification
