#include "services/classification/rule_index.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

constexpr size_t kShortestAlone = 2;  // code points of a phrase that makes a rule match by itself
constexpr uint32_t kWidestGap = 200;
// How much less likely a text holds a phrase with each character more, and how likely a reference.
// Roughly: it decides what is looked at first, not what matches.
constexpr float kCharacterChance = 1.0F / 16;
constexpr float kReferenceChance = 0.1F;
constexpr size_t kFewLiterals = 6;

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
    compiled.unless_begin = static_cast<uint32_t>(index_->unless.size());
    for (const Phrase& phrase : rule.unless) {
      const std::vector<CompiledSegment> segments = Compile(phrase, false);
      if (segments.size() > 1) {
        Error(phrase.origin, absl::StrCat("rule ", rule.id,
                                          ": `unless` takes words, a lexicon or a reference, "
                                          "without gaps; use `without` for longer patterns"));
      } else if (!segments.empty()) {
        index_->unless.push_back(segments[0].atom);
      }
    }
    compiled.unless_end = static_cast<uint32_t>(index_->unless.size());
    for (const domain::InstrumentType type : rule.instruments) {
      index_->instrument_rules[static_cast<size_t>(type)].push_back(number);
    }
    index_->rules.push_back(compiled);
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
    const std::vector<uint32_t> leads = Leads();
    EnterAtoms(leads);
    std::vector<std::vector<uint32_t>> atom_patterns(index_->atoms);
    for (uint32_t i = 0; i < index_->patterns.size(); ++i) {
      std::vector<uint32_t> others;
      for (const uint32_t atom : AtomsOf(index_->patterns[i])) {
        if (atom == leads[i]) continue;
        const std::vector<uint32_t>& literals = atom_literals_[atom];
        others.insert(others.end(), {atom, static_cast<uint32_t>(literals.size())});
        others.insert(others.end(), literals.begin(), literals.end());
      }
      std::vector<uint32_t>& items = atom_patterns[leads[i]];
      items.insert(items.end(), {i, static_cast<uint32_t>(others.size())});
      items.insert(items.end(), others.begin(), others.end());
    }
    Flatten(atom_patterns, &index_->atom_patterns);
    FindReferenceRules();
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
      pattern.gap = static_cast<uint16_t>(gap);
      const auto segments = Compile(phrase, role == PatternRole::kAny);
      std::vector<CompiledSegment>& all = index_->segments;
      pattern.begin = static_cast<uint32_t>(all.size());
      all.insert(all.end(), segments.begin(), segments.end());
      pattern.end = static_cast<uint32_t>(all.size());
      if (!segments.empty()) index_->patterns.push_back(pattern);
    }
  }

  void FindReferenceRules() {
    for (size_t type = 0; type < kReferenceTypes; ++type) {
      for (const CompiledPattern& pattern : index_->patterns) {
        const bool alone = pattern.role == PatternRole::kAny && pattern.end == pattern.begin + 1;
        const auto& atoms = index_->reference_atoms[type];
        if (alone && std::any_of(atoms.begin(), atoms.end(), [&](const ReferenceAtom& atom) {
              return atom.atom == index_->segments[pattern.begin].atom;
            })) {
          index_->reference_rules[type].push_back(pattern.rule);
        }
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

  std::set<uint32_t> AtomsOf(const CompiledPattern& pattern) const {
    std::set<uint32_t> atoms;
    for (uint32_t k = pattern.begin; k < pattern.end; ++k) atoms.insert(index_->segments[k].atom);
    return atoms;
  }

  // The atom that leads to each pattern.
  std::vector<uint32_t> Leads() const {
    std::vector<uint32_t> leads;
    for (const CompiledPattern& pattern : index_->patterns) {
      const std::set<uint32_t> atoms = AtomsOf(pattern);
      leads.push_back(*std::min_element(atoms.begin(), atoms.end(), [&](uint32_t a, uint32_t b) {
        return atom_chances_[a] < atom_chances_[b];
      }));
    }
    return leads;
  }

  // Which atoms are entered as soon as one of their literals is seen: those that lead somewhere,
  // that the model asks for, or that have too many literals to look at each. Keeps the literals of
  // the others only.
  void EnterAtoms(const std::vector<uint32_t>& leads) {
    std::vector<bool> entered(index_->atoms);
    for (uint32_t atom = 0; atom < index_->atoms; ++atom) {
      entered[atom] = atom_literals_[atom].empty() || atom_literals_[atom].size() > kFewLiterals;
    }
    for (const uint32_t atom : leads) entered[atom] = true;
    for (const Cue& cue : index_->cues) entered[cue.atom] = true;
    const BlameIndex& blame = index_->blame;
    for (const auto* atoms : {&blame.who, &blame.did, &blame.asking, &blame.telling}) {
      for (const uint32_t atom : *atoms) entered[atom] = true;
    }
    std::vector<std::vector<uint32_t>> literal_atoms(literals_.size());
    for (uint32_t atom = 0; atom < index_->atoms; ++atom) {
      if (!entered[atom]) continue;
      for (const uint32_t literal : atom_literals_[atom]) literal_atoms[literal].push_back(atom);
      atom_literals_[atom].clear();
    }
    Flatten(literal_atoms, &index_->literal_atoms);
    Flatten(atom_literals_, &index_->atom_literals);
  }

  uint32_t ReferenceAtomOf(const ReferenceTest& test) {
    const auto [entry, added] = atom_numbers_.emplace(
        absl::StrCat("<", std::string(Name(test.type)), ":", test.least), atom_numbers_.size());
    if (added) {
      atom_chances_.push_back(kReferenceChance);
      atom_literals_.emplace_back();
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
      float chance = 0;
      std::vector<uint32_t>& literals = atom_literals_.emplace_back();
      for (const std::string& phrase : normalised) {
        chance += std::pow(kCharacterChance, static_cast<float>(CountCodePoints(phrase)));
        const auto [literal, fresh] = literal_numbers_.emplace(phrase, literals_.size());
        if (fresh) literals_.push_back(phrase);
        literals.push_back(literal->second);
      }
      atom_chances_.push_back(chance);
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
  std::vector<std::vector<uint32_t>> atom_literals_;
  std::vector<float> atom_chances_;     // how likely a text holds each, in no unit
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
