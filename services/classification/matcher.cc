#include "services/classification/matcher.h"

#include <algorithm>

namespace supervision::classification {
namespace {

constexpr uint32_t kMostHitsOfAnAtom = 256;  // bounds the work on repetitive texts
constexpr size_t kAhead = 8;                 // hits whose memory is asked for beforehand
constexpr uint32_t kNearbyFactor = 3;        // the gap of "……" as a multiple of that of "…"

bool EndsSentence(char32_t point) {
  return point == U'。' ||
         (point < 0x80 && (point == '!' || point == '?' || point == ';' || point == '\n'));
}

}  // namespace

Matcher::Matcher(const RuleIndex* index, const Normaliser* normaliser)
    : index_(*index), normaliser_(*normaliser) {
  sources_.resize(index_.literals->size() + index_.atoms);
  atoms_.resize(index_.atoms);
  rules_.resize(index_.rules.size());
  seen_sources_.Resize(sources_.size());
  entered_.Resize(atoms_.size());
}

const std::vector<RuleMatch>& Matcher::Match(const Input& input) {
  Start(input);
  index_.literals->Find({text_.points.data(), text_.points.size()}, &scan_, &literal_hits_);
  AddLiterals();
  AddReferences(input);
  FindCandidates();
  const auto pattern = [&](size_t i) -> const CompiledPattern& {
    return index_.patterns[candidates_[std::min(i, candidates_.size() - 1)].pattern];
  };
  for (size_t i = 0; i < candidates_.size(); ++i) {
    const CompiledPattern& ahead = pattern(i + kAhead);
    __builtin_prefetch(&index_.segments[ahead.begin]);
    __builtin_prefetch(&index_.rules[ahead.rule]);
    __builtin_prefetch(&rules_[ahead.rule], 1);
    Evaluate(pattern(i));
  }
  Collect(input);
  return matches_;
}

void Matcher::Start(const Input& input) {
  ++run_;
  if (run_ == 0) {  // the counter went round: forget every state of old
    for (Source& source : sources_) source.run = 0;
    for (Atom& atom : atoms_) atom.run = 0;
    for (RuleState& rule : rules_) rule.run = 0;
    run_ = 1;
  }
  hits_.clear();
  seen_.clear();
  ordered_.clear();
  seen_sources_.Clear();
  entered_.Clear();
  entered_atoms_.clear();
  candidates_.clear();
  touched_.clear();
  references_.clear();
  sentence_ends_.clear();
  matches_.clear();
  persons_ = {.told = input.persons_affected.value_or(0)};

  text_.Clear();
  normaliser_.Append(input.title, &text_);
  title_bytes_ = static_cast<uint32_t>(text_.text.size());
  text_.points.push_back('\n');  // no phrase holds a line feed, so none spans title and content
  text_.offsets.push_back(title_bytes_);
  text_.text.push_back('\n');
  text_.begin.push_back(0);
  text_.end.push_back(0);
  content_at_ = static_cast<uint32_t>(text_.text.size());
  normaliser_.Append(input.content, &text_);

  sentence_of_.resize(text_.points.size());
  uint32_t sentence = 0;
  for (size_t i = 0; i < text_.points.size(); ++i) {
    sentence_of_[i] = sentence;
    if (EndsSentence(text_.points[i])) {
      sentence_ends_.push_back(text_.offsets[i]);
      ++sentence;
    }
  }
  text_.offsets.push_back(static_cast<uint32_t>(text_.text.size()));
  first_sentence_ = 0;
  while (first_sentence_ < sentence_ends_.size() && sentence_ends_[first_sentence_] < content_at_) {
    ++first_sentence_;
  }
}

// Whether it is the source's first.
inline bool Matcher::AddHit(uint32_t number, uint32_t begin, uint32_t end, uint32_t sentence) {
  Source& source = sources_[number];
  const auto place = static_cast<uint32_t>(hits_.size());
  const bool first = source.run != run_;
  if (first) {
    source = {run_, place, place, 1};
    seen_sources_.Add(number);
  } else if (source.hits >= kMostHitsOfAnAtom) {
    return false;
  } else {
    ++source.hits;
    hits_[source.last].next = place;
    source.last = place;
  }
  hits_.push_back({begin, end, sentence, kNone});
  return first;
}

inline void Matcher::See(Atom* atom, uint32_t source) {
  seen_.push_back({source, atom->seen});
  atom->seen = static_cast<uint32_t>(seen_.size() - 1);
  atom->first = std::min(atom->first, sources_[source].first);
}

inline void Matcher::Enter(uint32_t number, uint32_t source) {
  Atom& atom = atoms_[number];
  if (atom.run != run_) {
    atom = {run_, kNone, kNone, 0, 0};
    entered_.Add(number);
    entered_atoms_.push_back(number);
  }
  See(&atom, source);
}

// What is known of an atom that was not asked for before.
void Matcher::Look(uint32_t number, Atom* atom) {
  *atom = {run_, kNone, kNone, 0, 0};
  const uint32_t* const past = index_.atom_literals.end_of(number);
  for (const uint32_t* p = index_.atom_literals.begin_of(number); p != past; ++p) {
    if (seen_sources_.Holds(*p)) See(atom, *p);
  }
}

// Enters what the scan found. A step at a time, each over all hits: what it reads lies far apart
// and has been asked for by the step before, or some hits before.
void Matcher::AddLiterals() {
  const Lists& atoms_of = index_.literal_atoms;
  const Lists& patterns_of = index_.atom_patterns;
  const size_t hits = literal_hits_.size();
  new_literals_.clear();
  new_atoms_.clear();
  for (size_t i = 0; i < hits; ++i) {
    __builtin_prefetch(&sources_[literal_hits_[std::min(i + kAhead, hits - 1)].literal], 1);
    const auto [begin, end, literal] = literal_hits_[i];
    if (AddHit(literal, text_.offsets[begin], text_.offsets[end], sentence_of_[begin])) {
      new_literals_.push_back(literal);
      __builtin_prefetch(&atoms_of.start[literal]);
    }
  }
  for (size_t i = 0; i < new_literals_.size(); ++i) {
    __builtin_prefetch(
        atoms_of.begin_of(new_literals_[std::min(i + kAhead, new_literals_.size() - 1)]));
    const uint32_t literal = new_literals_[i];
    const uint32_t* const past = atoms_of.end_of(literal);
    for (const uint32_t* atom = atoms_of.begin_of(literal); atom != past; ++atom) {
      new_atoms_.emplace_back(*atom, literal);
      __builtin_prefetch(&atoms_[*atom], 1);
      __builtin_prefetch(&patterns_of.start[*atom]);
    }
  }
  for (const auto& [atom, literal] : new_atoms_) {
    Enter(atom, literal);
    __builtin_prefetch(patterns_of.begin_of(atom));
  }
}

// Whether each of the atoms that stand from `others` on was seen, as RuleIndex lists them.
bool Matcher::AllSeen(const uint32_t* others, const uint32_t* past) const {
  while (others != past) {
    const uint32_t atom = *others;
    const uint32_t* const literals = others + 2;
    others = literals + others[1];
    const bool seen = literals == others ? entered_.Holds(atom)
                                         : std::any_of(literals, others, [&](uint32_t literal) {
                                             return seen_sources_.Holds(literal);
                                           });
    if (!seen) return false;
  }
  return true;
}

void Matcher::FindCandidates() {
  for (const uint32_t leading : entered_atoms_) {
    const uint32_t* const end = index_.atom_patterns.end_of(leading);
    for (const uint32_t* item = index_.atom_patterns.begin_of(leading); item != end;) {
      Candidate candidate{atoms_[leading].first, leading, item[0]};
      const uint32_t* other = item + 2;
      const uint32_t* const past = other + item[1];
      item = past;
      if (!AllSeen(other, past)) continue;
      __builtin_prefetch(&index_.patterns[candidate.pattern]);
      for (; other != past; other += 2 + other[1]) {
        candidate = std::max(candidate, {Ask(*other).first, *other, candidate.pattern});
      }
      candidates_.push_back(candidate);
    }
  }
  std::sort(candidates_.begin(), candidates_.end());
}

// Puts the hits of an atom that was seen in order: those of its sources in the order in which they
// were seen.
void Matcher::Order(Atom* atom) {
  atom->begin = static_cast<uint32_t>(ordered_.size());
  if (seen_[atom->seen].next == kNone) {  // of one source, as most
    for (uint32_t k = sources_[seen_[atom->seen].source].first; k != kNone; k = hits_[k].next) {
      ordered_.push_back(hits_[k]);
    }
  } else {
    merged_.clear();
    for (uint32_t i = atom->seen; i != kNone; i = seen_[i].next) {
      for (uint32_t k = sources_[seen_[i].source].first; k != kNone; k = hits_[k].next) {
        merged_.push_back(k);
      }
    }
    std::sort(merged_.begin(), merged_.end());
    merged_.resize(std::min<size_t>(merged_.size(), kMostHitsOfAnAtom));
    for (const uint32_t k : merged_) ordered_.push_back(hits_[k]);
  }
  atom->end = static_cast<uint32_t>(ordered_.size());
}

// The number of the sentence that byte `begin` lies in; `cursor` remembers the last answer.
uint32_t Matcher::SentenceAt(uint32_t begin, uint32_t* cursor) const {
  while (*cursor < sentence_ends_.size() && sentence_ends_[*cursor] < begin) {
    ++*cursor;
  }
  while (*cursor > 0 && sentence_ends_[*cursor - 1] >= begin) {
    --*cursor;
  }
  return *cursor;
}

void Matcher::AddReferences(const Input& input) {
  const auto literals = static_cast<uint32_t>(index_.literals->size());
  const auto add = [&](uint32_t atom, uint32_t begin, uint32_t end, uint32_t sentence) {
    if (AddHit(literals + atom, begin, end, sentence)) Enter(atom, literals + atom);
  };
  if (input.instruments != nullptr) {
    for (const domain::Instrument& instrument : *input.instruments) {
      if (const auto type = ReferenceOf(instrument.type, instrument.number); type.has_value()) {
        for (const ReferenceAtom& atom : index_.reference_atoms[static_cast<size_t>(*type)]) {
          add(atom.atom, 0, 0, 0);
        }
      }
    }
  }
  scanner_.Find({text_.points.data(), text_.points.size()}, text_.offsets.data(), &references_);
  uint32_t cursor = 0;
  for (const Reference& reference : references_) {
    if (reference.type == ReferenceType::kPersons) {
      persons_.in_text = std::max(persons_.in_text, reference.value);
    }
    const auto& atoms = index_.reference_atoms[static_cast<size_t>(reference.type)];
    if (atoms.empty()) {
      continue;
    }
    const uint32_t sentence = SentenceAt(reference.begin, &cursor);
    for (const ReferenceAtom& atom : atoms) {
      if (reference.value >= atom.least) {
        add(atom.atom, reference.begin, reference.end, sentence);
      }
    }
  }
}

bool Matcher::Near(const Hit& a, const Hit& b, uint32_t within) const {
  const Hit& left = a.begin <= b.begin ? a : b;
  const Hit& right = a.begin <= b.begin ? b : a;
  return right.begin < left.end || text_.begin[right.begin] <= text_.end[left.end - 1] + within;
}

bool Matcher::Follows(const Hit& before, const Hit& hit, Join join, uint32_t gap) const {
  if (before.begin == before.end || hit.begin == hit.end || hit.begin < before.end) {
    return false;
  }
  if (join == Join::kBeside) {
    return hit.begin == before.end;
  }
  if (join == Join::kSameSentence && hit.sentence != before.sentence) {
    return false;
  }
  if ((hit.begin < content_at_) != (before.begin < content_at_)) {
    return false;  // one in the title, one in the content
  }
  const uint32_t widest = join == Join::kSameSentence ? gap : gap * kNearbyFactor;
  return Gap(before, hit) <= widest;
}

bool Matcher::Acceptable(const CompiledRule& rule, const Hit& match) {
  if (rule.section == RuleSection::kTitle && match.begin >= title_bytes_) {
    return false;
  }
  if (rule.section == RuleSection::kFirstSentence &&
      (match.begin < content_at_ || match.sentence != first_sentence_)) {
    return false;
  }
  if (match.begin == match.end) {
    return true;
  }
  for (uint32_t k = rule.unless_begin; k < rule.unless_end; ++k) {
    const auto [first, past] = HitsOf(index_.unless[k]);
    for (uint32_t i = first; i < past; ++i) {
      const Hit& veto = ordered_[i];
      if (veto.sentence == match.sentence && veto.begin != veto.end &&
          Near(veto, match, index_.unless_within)) {
        return false;
      }
    }
  }
  return true;
}

// Walks the segments from left to right. `chain_` holds a match of the segments so far for each
// place where the last of them ended; both lists are ordered by end, so each step is linear. Of
// several beginnings that could lead to one place the latest is kept: it has the smallest gap.
void Matcher::Evaluate(const CompiledPattern& pattern) {
  RuleState& state = StateOf(pattern.rule);
  const bool settled = (pattern.role == PatternRole::kAny && state.matched) ||
                       (pattern.role == PatternRole::kWith && state.with) ||
                       (pattern.role == PatternRole::kWithout && state.without);
  if (settled) {
    return;
  }
  const CompiledRule& rule = index_.rules[pattern.rule];
  const auto accept = [&](const Hit& match) {
    if (pattern.role == PatternRole::kWith) {
      state.with = true;
    } else if (pattern.role == PatternRole::kWithout) {
      state.without = true;
    } else if (Acceptable(rule, match)) {
      state.matched = true;
      state.match = match;
    } else {
      return false;
    }
    return true;
  };

  chain_.clear();
  for (uint32_t step = pattern.begin; step < pattern.end; ++step) {
    const CompiledSegment& segment = index_.segments[step];
    const bool last = step + 1 == pattern.end;
    next_chain_.clear();
    size_t before = 0;
    const auto [first, past] = HitsOf(segment.atom);
    for (uint32_t i = first; i < past; ++i) {
      Hit hit = ordered_[i];
      if (step > pattern.begin) {
        while (before < chain_.size() && chain_[before].end <= hit.begin) {
          ++before;
        }
        if (before == 0 || !Follows(chain_[before - 1], hit, segment.join, pattern.gap)) {
          // A hit that begins earlier but ends later than the one before needs a look back.
          const auto found = std::find_if(
              chain_.rbegin() + static_cast<ptrdiff_t>(chain_.size() - before), chain_.rend(),
              [&](const Hit& candidate) { return candidate.end <= hit.begin; });
          if (found == chain_.rend() || !Follows(*found, hit, segment.join, pattern.gap)) {
            continue;
          }
          hit.begin = found->begin;
        } else {
          hit.begin = chain_[before - 1].begin;
        }
      }
      if (last) {
        if (accept(hit)) {
          return;
        }
      } else {
        next_chain_.push_back(hit);
      }
    }
    std::swap(chain_, next_chain_);
  }
}

void Matcher::Collect(const Input& input) {
  for (const uint32_t rule : touched_) {
    const RuleState& state = rules_[rule];
    if (!state.matched || state.without || (index_.rules[rule].has_with && !state.with)) {
      continue;
    }
    RuleMatch match{rule, domain::TextPart::kUnspecified, 0, 0};
    if (state.match.begin != state.match.end) {
      match.part =
          state.match.begin < content_at_ ? domain::TextPart::kTitle : domain::TextPart::kContent;
      match.begin = text_.begin[state.match.begin];
      match.end = text_.end[state.match.end - 1];
    }
    matches_.push_back(match);
  }
  if (input.instruments == nullptr) {
    return;
  }
  for (const domain::Instrument& instrument : *input.instruments) {
    const auto type = static_cast<size_t>(instrument.type);
    if (type >= index_.instrument_rules.size()) {
      continue;  // a kind that a newer client knows
    }
    for (const uint32_t rule : index_.instrument_rules[type]) Name(rule);
    if (const auto reference = ReferenceOf(instrument.type, instrument.number);
        reference.has_value()) {
      for (const uint32_t rule : index_.reference_rules[static_cast<size_t>(*reference)]) {
        Name(rule);
      }
    }
  }
}

// A rule for which a named instrument speaks, after the matches of the text.
void Matcher::Name(uint32_t rule) {
  RuleState& state = StateOf(rule);
  if (state.without || (index_.rules[rule].has_with && !state.with)) {
    return;
  }
  if (!state.matched) {
    state.matched = true;
    matches_.push_back({rule, domain::TextPart::kUnspecified, 0, 0, true});
    return;
  }
  std::find_if(matches_.begin(), matches_.end(), [&](const RuleMatch& match) {
    return match.rule == rule;
  })->named = true;
}

}  // namespace supervision::classification
