#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "services/classification/bit_set.h"
#include "services/classification/classifier.h"
#include "services/classification/model/features.h"
#include "services/classification/normaliser.h"
#include "services/classification/references.h"
#include "services/classification/rule_index.h"
#include "services/domain/verdict.h"

namespace supervision::classification {

// A rule that matched, with the place of its first match. `part` is unspecified when it rests only
// on what the partner named outside the text.
struct RuleMatch {
  uint32_t rule = 0;
  domain::TextPart part = domain::TextPart::kUnspecified;
  uint32_t begin = 0;  // code points of that part's original text
  uint32_t end = 0;
  bool named = false;  // an instrument that the partner named speaks for it, whatever the text says
};

// The greatest numbers of persons or households that are named.
struct Persons {
  int64_t in_text = 0;
  int64_t told = 0;  // by the partner, beside the text
};

// Finds the rules that match a text. Holds the memory of one classification at a time; one thread
// uses it at a time. Not usable before the index, which must outlive it.
class Matcher {
 public:
  Matcher(const RuleIndex* index, const Normaliser* normaliser);

  // The rules that match `input`, each once, in no particular order. Valid until the next call.
  const std::vector<RuleMatch>& Match(const Input& input);

  // What a model sees of the text last matched.
  void Describe(Features* features);

  // Bytes [begin, end) of the normalised text last matched as a place in the original; the part is
  // unspecified for an empty place. A place over both parts is cut to the one where it begins.
  RuleMatch PlaceOf(uint32_t begin, uint32_t end) const;

  // A run of bytes of the normalised text.
  struct Bytes {
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  // Where the words of the cue with this number stand in the text last matched, from left to right.
  std::vector<Bytes> CueHits(size_t cue);

  // Where the rule with this number matched, which must be one of the matches; empty when it rests
  // on an instrument beside the text.
  Bytes RuleHit(uint32_t rule) const { return {rules_[rule].match.begin, rules_[rule].match.end}; }

  // The last name that ends at byte `end`: what stands before it without a break, in Han characters
  // other than those that part a name from a verb, at most `most` of them.
  Bytes NameBefore(uint32_t end, size_t most) const;

  // `bytes` without marks and spaces at either end.
  Bytes Trimmed(Bytes bytes) const;

  // The sentences of the text last matched, without what separates them; the title is one. None is
  // empty.
  std::vector<Bytes> Sentences() const;
  // Likewise the parts of sentences between commas and the like.
  std::vector<Bytes> Clauses() const;

  // Ends of the sentences of the normalised text, in bytes.
  const std::vector<uint32_t>& sentence_ends() const { return sentence_ends_; }

  // Those of the text last matched and of whoever gave it.
  const Persons& persons() const { return persons_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  // A place where a literal or a reference was seen; those of one source form a list in the order
  // in which they were seen, which is that of their end.
  struct Hit {
    uint32_t begin = 0;  // bytes of the normalised text; begin == end: named by the partner
    uint32_t end = 0;
    uint32_t sentence = 0;
    uint32_t next = kNone;
  };
  struct Source {
    uint32_t run = 0;  // the run that the rest belongs to
    uint32_t first = kNone;
    uint32_t last = kNone;
    uint32_t hits = 0;
  };
  // Which sources of an atom were seen, and, once someone has asked, its hits in order. One that is
  // not entered by its sources has nothing until someone asks.
  struct Atom {
    uint32_t run = 0;       // the run that the rest belongs to
    uint32_t first = 0;     // its first hit
    uint32_t seen = kNone;  // list in seen_
    uint32_t begin = 0;     // its hits in ordered_
    uint32_t end = 0;       // 0: not put in order yet
  };
  struct Seen {
    uint32_t source = 0;
    uint32_t next = kNone;
  };
  struct Named {  // one of those whom a text may blame
    Hit hit;
    uint32_t who = 0;  // number of the lexicon
  };
  // A pattern all of whose atoms were seen, by the last of these. In this order they are evaluated:
  // of a rule's patterns the first that matches is its evidence.
  struct Candidate {
    uint32_t first = 0;  // hit of the atom
    uint32_t atom = 0;
    uint32_t pattern = 0;
    auto operator<=>(const Candidate&) const = default;
  };
  struct RuleState {
    uint32_t run = 0;
    bool with = false;
    bool without = false;
    Hit match;
    bool matched = false;
  };

  void Start(const Input& input);
  void AddLiterals();
  bool AddHit(uint32_t source, uint32_t begin, uint32_t end, uint32_t sentence);
  void Enter(uint32_t atom, uint32_t source);
  void See(Atom* atom, uint32_t source);
  void Look(uint32_t number, Atom* atom);
  Atom& Ask(uint32_t number) {
    Atom& atom = atoms_[number];
    if (atom.run != run_) Look(number, &atom);
    return atom;
  }
  bool AllSeen(const uint32_t* others, const uint32_t* past) const;
  void Order(Atom* atom);
  // The hits of an atom, as places in ordered_; none when none was seen.
  std::pair<uint32_t, uint32_t> HitsOf(uint32_t number) {
    Atom& atom = Ask(number);
    if (atom.end == 0 && atom.seen != kNone) Order(&atom);
    return {atom.begin, atom.end};
  }
  uint32_t SentenceAt(uint32_t begin, uint32_t* cursor) const;
  void AddReferences(const Input& input);
  void FindCandidates();
  void Evaluate(const CompiledPattern& pattern);
  bool Follows(const Hit& before, const Hit& hit, Join join, uint32_t gap) const;
  bool Acceptable(const CompiledRule& rule, const Hit& match);
  bool Near(const Hit& a, const Hit& b, uint32_t within) const;
  // Code points of the original between the end of a hit and the begin of a later one.
  uint32_t Gap(const Hit& before, const Hit& hit) const {
    return text_.begin[hit.begin] - text_.end[before.end - 1];
  }
  RuleState& StateOf(uint32_t rule) {
    RuleState& state = rules_[rule];
    if (state.run != run_) {
      state = RuleState{.run = run_};
      touched_.push_back(rule);
    }
    return state;
  }
  void Collect(const Input& input);
  void Name(uint32_t rule);
  void DescribeCues(Features* features);
  void DescribeBlame(Features* features);
  void FindNamed(Features* features);
  uint32_t BlamedFor(const Hit& did) const;
  bool StandsBefore(std::pair<uint32_t, uint32_t> hits, const Hit& named) const;
  void DescribeShape(Features* features) const;
  void DescribeZones(Features* features) const;
  uint32_t LastSentence() const;

  const RuleIndex& index_;
  const Normaliser& normaliser_;
  LiteralTable::Workspace scan_;
  std::vector<LiteralTable::Hit> literal_hits_;
  NormalisedText text_;
  ReferenceScanner scanner_;
  std::vector<Reference> references_;
  std::vector<uint32_t> sentence_ends_;  // bytes
  std::vector<uint32_t> sentence_of_;    // of each character, the number of its sentence
  uint32_t title_bytes_ = 0;             // of the normalised title, without what separates
  uint32_t content_at_ = 0;
  uint32_t first_sentence_ = 0;  // number of the content's first sentence
  uint32_t run_ = 0;
  Persons persons_;
  std::vector<Hit> hits_;
  std::vector<Source> sources_;  // literals, then references by number of their atom
  std::vector<Atom> atoms_;
  std::vector<Seen> seen_;
  // What AddLiterals sees for the first time, in order: literals, then atoms, each with its source.
  std::vector<uint32_t> new_literals_;
  std::vector<std::pair<uint32_t, uint32_t>> new_atoms_;
  std::vector<Hit> ordered_;  // hits of atoms that were asked for, atom by atom
  std::vector<uint32_t> merged_;
  std::vector<RuleState> rules_;
  BitSet seen_sources_;
  BitSet entered_;                       // atoms
  std::vector<uint32_t> entered_atoms_;  // the same, in order
  std::vector<Candidate> candidates_;
  std::vector<uint32_t> touched_;  // rules with a state in this run
  std::vector<Hit> chain_;
  std::vector<Hit> next_chain_;
  std::vector<Named> named_;  // by their end
  std::vector<Named> asked_;  // those who are only asked to act
  std::vector<bool> blamed_;  // for the word of blame at hand
  std::vector<RuleMatch> matches_;
};

}  // namespace supervision::classification
