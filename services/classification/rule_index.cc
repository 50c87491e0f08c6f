#include "services/classification/rule_index.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr size_t kShortestAlone = 2;  // code points of a phrase that makes a rule match by itself
constexpr uint32_t kWidestGap = 200;

class Builder {
 public:
  Builder(const std::vector<Lexicon>& lexicons, const Scoring& scoring,
          const Normaliser& normaliser, std::vector<std::string>* errors)
      : scoring_(scoring), normaliser_(normaliser), errors_(errors) {
    index_ = std::make_unique<RuleIndex>();
    index_->unless_within = static_cast<uint32_t>(std::max(scoring.unless_within, 0));
    for (const Lexicon& lexicon : lexicons) {
      AddLexicon(lexicon);
    }
  }

  void AddRule(const Rule& rule, uint32_t number) {
    CompiledRule compiled;
    compiled.section = rule.section;
    compiled.has_with = !rule.with.empty();
    const auto gap = static_cast<uint32_t>(rule.within > 0 ? rule.within : scoring_.within);
    if (rule.within < 0 || gap > kWidestGap) {
      Error(rule.origin, absl::StrCat("rule ", rule.id, ": within must be 1 to ", kWidestGap));
    }
    AddPatterns(rule.any, number, PatternRole::kAny, gap);
    AddPatterns(rule.with, number, PatternRole::kWith, gap);
    AddPatterns(rule.without, number, PatternRole::kWithout, gap);
    for (const Phrase& phrase : rule.unless) {
      const std::vector<CompiledSegment> segments = Compile(phrase, false);
      if (segments.size() > 1) {
        Error(phrase.origin, absl::StrCat("rule ", rule.id,
                                          ": `unless` takes words, a lexicon or a reference, "
                                          "without gaps; use `without` for longer patterns"));
      } else if (!segments.empty()) {
        compiled.unless.push_back(segments[0].atom);
      }
    }
    for (const domain::InstrumentType type : rule.instruments) {
      index_->instrument_rules[static_cast<size_t>(type)].push_back(number);
    }
    index_->rules.push_back(std::move(compiled));
    index_->rule_keys.push_back(SignalKey(SignalKind::kRule, absl::StrCat("R:", rule.id)));
  }

  void AddCue(const Lexicon& lexicon) {
    const std::vector<std::string>& phrases = lexicons_[lexicon.name];
    if (!std::string_view(lexicon.name).starts_with(kCuePrefix) || phrases.empty()) {
      return;
    }
    Cue cue;
    if (!LexiconAtom(lexicon, &cue.atom)) {
      return;
    }
    const auto key = [&](std::string_view what) {
      return SignalKey(SignalKind::kCue, absl::StrCat(std::string(what), lexicon.name));
    };
    cue.anywhere = key("A:");
    cue.twice = key("A2:");
    cue.often = key("A4:");
    cue.title = key("T:");
    cue.first_sentence = key("F:");
    cue.last_sentence = key("L:");
    index_->cues.push_back(cue);
    index_->cue_names.push_back(lexicon.name);
  }

  // The atoms of those who may be blamed and of what for; the keys follow in Finish.
  void AddBlame(const Lexicon& lexicon) {
    const std::string_view name = lexicon.name;
    BlameIndex& blame = index_->blame;
    std::vector<uint32_t>* const atoms = name.starts_with(kWhoPrefix)   ? &blame.who
                                         : name.starts_with(kDidPrefix) ? &blame.did
                                         : name == kAskingName          ? &blame.asking
                                         : name == kTellingName         ? &blame.telling
                                                                        : nullptr;
    uint32_t atom = 0;
    if (atoms == nullptr || lexicons_[lexicon.name].empty() || !LexiconAtom(lexicon, &atom)) {
      return;
    }
    atoms->push_back(atom);
    if (atoms == &blame.who) who_names_.push_back(lexicon.name);
    if (atoms == &blame.did) did_names_.push_back(lexicon.name);
  }

  std::unique_ptr<RuleIndex> Finish() {
    NameBlame();
    index_->atoms = static_cast<uint32_t>(atom_numbers_.size());
    Flatten(literal_atoms_, &index_->literal_atoms);
    std::vector<std::vector<uint32_t>> atom_patterns(index_->atoms);
    for (uint32_t i = 0; i < index_->patterns.size(); ++i) {
      std::set<uint32_t> distinct;
      for (const CompiledSegment& segment : index_->patterns[i].segments) {
        distinct.insert(segment.atom);
      }
      for (const uint32_t atom : distinct) {
        atom_patterns[atom].push_back(distinct.size() == 1 ? i | RuleIndex::kAlone : i);
      }
      index_->distinct_atoms.push_back(static_cast<uint32_t>(distinct.size()));
    }
    Flatten(atom_patterns, &index_->atom_patterns);
    BuildTable();
    return std::move(index_);
  }

 private:
  void Error(const Origin& origin, std::string message) {
    errors_->push_back(absl::StrCat(ToString(origin), ": ", message));
  }

  void AddLexicon(const Lexicon& lexicon) {
    std::vector<std::string>& phrases = lexicons_[lexicon.name];
    for (const Phrase& phrase : lexicon.phrases) {
      std::string error;
      const std::vector<Segment> segments = ParsePattern(phrase.text, &error);
      if (!error.empty()) {
        Error(phrase.origin, absl::StrCat("lexicon ", lexicon.name, ": ", error));
      } else if (segments.size() != 1 || segments[0].phrases.empty()) {
        Error(phrase.origin, absl::StrCat("lexicon ", lexicon.name,
                                          ": only words and {alternatives} may stand here"));
      } else {
        phrases.insert(phrases.end(), segments[0].phrases.begin(), segments[0].phrases.end());
      }
    }
  }

  void AddPatterns(const std::vector<Phrase>& phrases, uint32_t rule, PatternRole role,
                   uint32_t gap) {
    for (const Phrase& phrase : phrases) {
      CompiledPattern pattern;
      pattern.rule = rule;
      pattern.role = role;
      pattern.gap = gap;
      pattern.segments = Compile(phrase, role == PatternRole::kAny);
      if (!pattern.segments.empty()) {
        index_->patterns.push_back(std::move(pattern));
      }
    }
  }

  // The segments of a pattern; empty after an error. `decides`: it can make a rule match.
  std::vector<CompiledSegment> Compile(const Phrase& phrase, bool decides) {
    std::string error;
    const std::vector<Segment> segments = ParsePattern(phrase.text, &error);
    std::vector<CompiledSegment> compiled;
    for (const Segment& segment : segments) {
      const std::vector<std::string>* phrases = &segment.phrases;
      if (!segment.lexicon.empty()) {
        const auto lexicon = lexicons_.find(segment.lexicon);
        if (lexicon == lexicons_.end()) {
          error = absl::StrCat("lexicon $", segment.lexicon,
                               " is not defined; define it under `lexicons` or correct the name");
          break;
        }
        phrases = &lexicon->second;
      }
      const uint32_t atom = segment.reference.has_value()
                                ? ReferenceAtomOf(*segment.reference)
                                : PhraseAtomOf(*phrases, decides && segments.size() == 1, &error);
      if (!error.empty()) {
        break;
      }
      compiled.push_back({atom, segment.join});
    }
    if (!error.empty()) {
      Error(phrase.origin, absl::StrCat("pattern \"", phrase.text, "\": ", error));
      compiled.clear();
    }
    return compiled;
  }

  bool LexiconAtom(const Lexicon& lexicon, uint32_t* atom) {
    std::string error;
    *atom = PhraseAtomOf(lexicons_[lexicon.name], false, &error);
    if (!error.empty()) {
      Error(lexicon.origin, absl::StrCat("lexicon ", lexicon.name, ": ", error));
    }
    return error.empty();
  }

  void NameBlame() {
    // As strong as a rule: a pair tells more than a word.
    const auto key = [](std::string_view what, std::string_view who, std::string_view did) {
      return SignalKey(SignalKind::kRule,
                       absl::StrCat(std::string(what), std::string(who), ":", std::string(did)));
    };
    BlameIndex& blame = index_->blame;
    for (const std::string& who : who_names_) {
      blame.asked_keys.push_back(key("ASKED:", who, ""));
      blame.told_keys.push_back(key("TOLD:", who, ""));
    }
    who_names_.insert(who_names_.end(), {"NOBODY", "ASKED"});
    for (const std::string& who : who_names_) {
      for (const std::string& did : did_names_) {
        blame.keys.push_back(key("B:", who, did));
      }
    }
  }

  uint32_t ReferenceAtomOf(const ReferenceTest& test) {
    const auto [entry, added] = atom_numbers_.emplace(
        absl::StrCat("<", std::string(Name(test.type)), ":", test.least), atom_numbers_.size());
    if (added) {
      index_->reference_atoms[static_cast<size_t>(test.type)].push_back(
          {test.least, entry->second});
    }
    return entry->second;
  }

  uint32_t PhraseAtomOf(const std::vector<std::string>& phrases, bool alone, std::string* error) {
    std::set<std::string> normalised;
    for (const std::string& phrase : phrases) {
      std::string normal = normaliser_.Normalise(phrase);
      if (normal.empty() || normal.find('\n') != std::string::npos) {
        *error = "a part is empty after normalisation and would match everywhere; write words";
        return 0;
      }
      if (CountCodePoints(normal) < (alone ? kShortestAlone : 1)) {
        *error = "a single character would match too often; write at least two";
        return 0;
      }
      normalised.insert(std::move(normal));
    }
    std::string key;
    for (const std::string& phrase : normalised) {
      absl::StrAppend(&key, phrase, "\n");
    }
    const auto [entry, added] = atom_numbers_.emplace(key, atom_numbers_.size());
    if (added) {
      for (const std::string& phrase : normalised) {
        const auto [literal, fresh] = literal_numbers_.emplace(phrase, literals_.size());
        if (fresh) {
          literals_.push_back(phrase);
          literal_atoms_.emplace_back();
        }
        literal_atoms_[literal->second].insert(entry->second);
      }
    }
    return entry->second;
  }

  template <typename List>
  static void Flatten(const std::vector<List>& from, Lists* to) {
    for (const List& list : from) {
      to->items.insert(to->items.end(), list.begin(), list.end());
      to->start.push_back(static_cast<uint32_t>(to->items.size()));
    }
  }

  void BuildTable() {
    if (literals_.empty() && errors_->empty()) {  // else it only follows from another mistake
      errors_->push_back("the rules hold no phrase; write at least one rule");
    }
    index_->literals = std::make_unique<LiteralTable>(literals_);
  }

  const Scoring& scoring_;
  const Normaliser& normaliser_;
  std::vector<std::string>* const errors_;
  std::unique_ptr<RuleIndex> index_;
  std::map<std::string, std::vector<std::string>> lexicons_;
  std::map<std::string, uint32_t> atom_numbers_;
  std::map<std::string, uint32_t> literal_numbers_;
  std::vector<std::string> literals_;
  std::vector<std::set<uint32_t>> literal_atoms_;
  std::vector<std::string> who_names_;  // of the lexicons of BlameIndex
  std::vector<std::string> did_names_;
};

}  // namespace

std::unique_ptr<RuleIndex> BuildRuleIndex(const std::vector<const Rule*>& rules,
                                          const std::vector<Lexicon>& lexicons,
                                          const Scoring& scoring, const Normaliser& normaliser,
                                          std::vector<std::string>* errors) {
  Builder builder(lexicons, scoring, normaliser, errors);
  for (uint32_t i = 0; i < rules.size(); ++i) {
    builder.AddRule(*rules[i], i);
  }
  for (const Lexicon& lexicon : lexicons) {
    builder.AddCue(lexicon);
    builder.AddBlame(lexicon);
  }
  return builder.Finish();
}

}  // namespace supervision::classification
