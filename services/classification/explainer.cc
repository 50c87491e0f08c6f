#include "services/classification/explainer.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace supervision::classification {
namespace {

using domain::Passage;
using domain::RunnerUpReason;
using domain::Scenario;
using domain::ToldBefore;

constexpr size_t kOut = static_cast<size_t>(Scenario::kOutOfScope);
constexpr size_t kMostPassages = 3;
constexpr size_t kModelPlaces = 8;    // looked at, to be left with so many that tell something
constexpr float kLeastWeight = 0.1F;  // of a place of the model: less tells a reader nothing
constexpr float kLeastShare = 0.25F;  // of the strongest passage
constexpr char kModelPhrase[] = "MODEL.PHRASE";

Passage ToPassage(const RuleMatch& match) { return {match.part, match.begin, match.end}; }

bool Overlap(const Passage& a, const Passage& b) {
  return a.part == b.part && a.begin < b.end && b.begin < a.end;
}

bool Overlap(const domain::EvidenceSpan& a, const domain::EvidenceSpan& b) {
  return Overlap(Passage{a.part, a.begin, a.end}, Passage{b.part, b.begin, b.end});
}

// Unless a passage there overlaps it.
void AddApart(domain::EvidenceSpan span, std::vector<domain::EvidenceSpan>* spans) {
  const bool known = std::any_of(spans->begin(), spans->end(),
                                 [&](const auto& other) { return Overlap(other, span); });
  if (!known) spans->push_back(std::move(span));
}

size_t NumberOf(const std::vector<Scenario>& classes, Scenario scenario) {
  return static_cast<size_t>(std::find(classes.begin(), classes.end(), scenario) - classes.begin());
}

}  // namespace

// The sentences of a text, and where the words of cues stand in it.
class Explainer::Text {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  struct Sentence {
    Matcher::Bytes bytes;
    Passage place;
    float weight = 0;
  };

  Text(Matcher* matcher, const std::vector<RuleMatch>& matches)
      : matcher_(matcher), matches_(matches) {
    for (const Matcher::Bytes& bytes : matcher->Sentences()) {
      sentences.push_back({bytes, ToPassage(matcher->PlaceOf(bytes.begin, bytes.end)), 0});
    }
  }

  Passage PlaceOf(const Matcher::Bytes& bytes) const {
    return ToPassage(matcher_->PlaceOf(bytes.begin, bytes.end));
  }

  size_t SentenceAt(uint32_t byte) const {
    size_t i = 0;
    while (i < sentences.size() && sentences[i].bytes.end <= byte) ++i;
    return i < sentences.size() ? i : kNone;
  }

  size_t SentenceOf(const Passage& place) const {
    size_t i = 0;
    while (i < sentences.size() && !Overlap(sentences[i].place, place)) ++i;
    return i < sentences.size() ? i : kNone;
  }

  // From left to right; those that touch or overlap are one.
  std::vector<Matcher::Bytes> HitsOf(const Words& words) const {
    std::vector<Matcher::Bytes> all;
    for (const size_t cue : words.cues) {
      const std::vector<Matcher::Bytes> hits = matcher_->CueHits(cue);
      all.insert(all.end(), hits.begin(), hits.end());
    }
    for (const RuleMatch& match : matches_) {
      const bool asked =
          std::find(words.rules.begin(), words.rules.end(), match.rule) != words.rules.end();
      if (asked && match.part != domain::TextPart::kUnspecified) {
        all.push_back(matcher_->RuleHit(match.rule));
      }
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.begin < b.begin; });
    std::vector<Matcher::Bytes> joined;
    for (const Matcher::Bytes& hit : all) {
      if (!joined.empty() && hit.begin <= joined.back().end) {
        joined.back().end = std::max(joined.back().end, hit.end);
      } else {
        joined.push_back(hit);
      }
    }
    return joined;
  }

  // The sentence with the most weight; the only one in any case.
  size_t Heaviest() const {
    if (sentences.empty()) return kNone;
    const auto best =
        std::max_element(sentences.begin(), sentences.end(),
                         [](const auto& a, const auto& b) { return a.weight < b.weight; });
    return best->weight > 0 || sentences.size() == 1 ? static_cast<size_t>(best - sentences.begin())
                                                     : kNone;
  }

  // An organ's name may begin before the word by which it was found: "县某某局".
  Passage OrganAt(Matcher::Bytes hit) const {
    if (PlaceOf(hit).end - PlaceOf(hit).begin == 1) {
      hit.begin = std::min(hit.begin, matcher_->NameBefore(hit.end, kLongestName).begin);
    }
    return PlaceOf(hit);
  }

  std::vector<Sentence> sentences;

 private:
  static constexpr size_t kLongestName = 12;

  Matcher* const matcher_;
  const std::vector<RuleMatch>& matches_;
};

Explainer::Explainer(const RuleSet& set, const std::vector<const Rule*>& rules,
                     const RuleIndex& index)
    : rules_(rules),
      organ_(WordsOf(set.reading.organ, index)),
      told_(WordsOf(set.reading.told, index)),
      in_vain_(WordsOf(set.reading.in_vain, index)) {}

Explainer::Words Explainer::WordsOf(const std::vector<Phrase>& names,
                                    const RuleIndex& index) const {
  const auto named = [&](const std::string& text) {
    return std::any_of(names.begin(), names.end(),
                       [&](const Phrase& name) { return name.text == text; });
  };
  Words words;
  for (size_t i = 0; i < index.cue_names.size(); ++i) {
    if (named(index.cue_names[i])) words.cues.push_back(i);
  }
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (named(rules_[i]->id)) words.rules.push_back(static_cast<uint32_t>(i));
  }
  return words;
}

domain::Explanation Explainer::Explain(const Findings& findings,
                                       const std::vector<std::string>& problems) const {
  domain::Explanation explanation;
  explanation.scenario = static_cast<Scenario>(findings.standing->winner);
  ReadScope(findings, &explanation.scope);
  ReadRunnerUp(findings, &explanation.runner_up);
  for (const std::string& code : problems) {
    explanation.problems.push_back(ReadProblem(findings, code));
  }
  return explanation;
}

// What the rule adds to the score of a class less what it adds to that of the other.
float Explainer::Speaks(const Rule& rule, Scenario scenario, Scenario rival) const {
  const auto adds = [&](Scenario to) {
    return to == Scenario::kOutOfScope ? -rule.scope : to == rule.scenario ? rule.weight : 0.0F;
  };
  return adds(scenario) - adds(rival);
}

Explainer::Spans Explainer::OfRules(const Findings& findings, Scenario scenario,
                                    Scenario rival) const {
  Spans spans;
  for (const RuleMatch& match : *findings.matches) {
    const Rule& rule = *rules_[match.rule];
    const bool own = rule.kind == RuleKind::kScope || rule.scenario == scenario;
    const float weight = Speaks(rule, scenario, rival);
    if (own && weight > 0 && match.part != domain::TextPart::kUnspecified) {
      spans.push_back({match.part, match.begin, match.end, rule.id, scenario, weight});
    }
  }
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.rule_id < b.rule_id;
  });
  return spans;
}

// Those places of the model that tell a reader something.
Explainer::Spans Explainer::OfModel(const Findings& findings,
                                    const std::vector<Model::Contribution>& places,
                                    Scenario scenario) const {
  Spans spans;
  for (const Model::Contribution& found : places) {
    const Matcher::Bytes words = findings.matcher->Trimmed({found.begin, found.end});
    const Passage place = ToPassage(findings.matcher->PlaceOf(words.begin, words.end));
    if (found.weight >= kLeastWeight && place.given() && place.end - place.begin >= 2) {
      spans.push_back({place.part, place.begin, place.end, kModelPhrase, scenario, found.weight});
    }
  }
  return spans;
}

// The passages that speak most for one class rather than the other. Where a rule that does so
// stands in a place that the model found, its words are what a reader is shown.
Explainer::Spans Explainer::Strongest(const Findings& findings, Scenario scenario,
                                      Scenario rival) const {
  Spans spans = OfRules(findings, scenario, rival);
  if (findings.model != nullptr) {
    const Spans of_rules = std::exchange(spans, {});
    const std::vector<Scenario>& classes = *findings.classes;
    for (domain::EvidenceSpan& found : OfModel(
             findings,
             findings.model->Explain(*findings.features, NumberOf(classes, scenario),
                                     NumberOf(classes, rival), kModelPlaces, findings.workspace),
             scenario)) {
      const auto rule = std::find_if(of_rules.begin(), of_rules.end(),
                                     [&](const auto& other) { return Overlap(other, found); });
      if (rule != of_rules.end()) {
        const float weight = found.weight;
        found = *rule;
        found.weight = weight;
      }
      AddApart(std::move(found), &spans);
    }
  }
  if (spans.size() > kMostPassages) spans.resize(kMostPassages);
  return spans;
}

// What the model has given the characters of a part of the text. `at`: the first character that may
// lie in it; moves behind it.
float Explainer::WeightOf(const Findings& findings, const Matcher::Bytes& part, size_t* at) {
  const std::vector<float>& weights = findings.workspace->character_weights();
  const std::vector<uint32_t>& offsets = findings.features->offsets;
  while (*at < weights.size() && offsets[*at] < part.begin) ++*at;
  float weight = 0;
  for (; *at < weights.size() && offsets[*at] < part.end; ++*at) weight += weights[*at];
  return weight;
}

// The clauses that show a problem by what the model learnt, strongest first: single words of it
// tell a reader little.
Explainer::Spans Explainer::ClausesOf(const Findings& findings, size_t klass,
                                      const std::string& code) const {
  findings.model->ExplainProblem(*findings.features, klass, code, 0, findings.workspace);
  Spans spans;
  size_t at = 0;
  for (const Matcher::Bytes& clause : findings.matcher->Clauses()) {
    const float weight = WeightOf(findings, clause, &at);
    const Passage place = ToPassage(findings.matcher->PlaceOf(clause.begin, clause.end));
    if (weight >= kLeastWeight && place.given()) {
      spans.push_back({place.part, place.begin, place.end, kModelPhrase,
                       static_cast<Scenario>(findings.standing->winner), weight});
    }
  }
  std::stable_sort(spans.begin(), spans.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  while (!spans.empty() && spans.back().weight < kLeastShare * spans.front().weight) {
    spans.pop_back();
  }
  return spans;
}

domain::ProblemReason Explainer::ReadProblem(const Findings& findings,
                                             const std::string& code) const {
  const auto scenario = static_cast<Scenario>(findings.standing->winner);
  domain::ProblemReason reason;
  reason.code = code;
  for (const RuleMatch& match : *findings.matches) {
    const Rule& rule = *rules_[match.rule];
    if (rule.problem == code && match.part != domain::TextPart::kUnspecified) {
      reason.passages.push_back(
          {match.part, match.begin, match.end, rule.id, scenario, rule.weight});
    }
  }
  std::stable_sort(reason.passages.begin(), reason.passages.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  if (findings.model != nullptr) {
    const size_t klass = NumberOf(*findings.classes, scenario);
    for (const LearntProblem& learnt : findings.model->Problems(klass, findings.workspace)) {
      if (learnt.code == code) reason.probability = learnt.probability;
    }
    if (reason.probability > 0) {
      for (domain::EvidenceSpan& clause : ClausesOf(findings, klass, code)) {
        AddApart(std::move(clause), &reason.passages);
      }
    }
  }
  if (reason.passages.size() > kMostPassages) reason.passages.resize(kMostPassages);
  return reason;
}

void Explainer::ReadScope(const Findings& findings, domain::ScopeReason* scope) const {
  const Standing& standing = *findings.standing;
  scope->in = standing.winner != kOut;
  scope->confidence = scope->in ? 1 - standing.shares[kOut] : standing.shares[kOut];
  const auto inside = static_cast<Scenario>(scope->in ? standing.winner : standing.second);
  const Scenario scenario = scope->in ? inside : Scenario::kOutOfScope;
  const Scenario rival = scope->in ? Scenario::kOutOfScope : inside;

  Text text(findings.matcher, *findings.matches);
  if (findings.model != nullptr) {
    findings.model->Explain(*findings.features, NumberOf(*findings.classes, scenario),
                            NumberOf(*findings.classes, rival), 0, findings.workspace);
    size_t at = 0;
    for (Text::Sentence& sentence : text.sentences) {
      sentence.weight = WeightOf(findings, sentence.bytes, &at);
    }
  } else {
    for (const domain::EvidenceSpan& span : OfRules(findings, scenario, rival)) {
      const size_t sentence = text.SentenceOf({span.part, span.begin, span.end});
      if (sentence != Text::kNone) text.sentences[sentence].weight += span.weight;
    }
  }
  const size_t deciding = text.Heaviest();
  if (deciding != Text::kNone) scope->sentence = text.sentences[deciding].place;

  if (scope->in) scope->act = ActOf(findings, scenario);
  scope->blamed = OrganOf(text, deciding, scope->act);
  ReadTold(text, scope);
}

// The match of the strongest rule that shows what went wrong; where none does, of the strongest.
Passage Explainer::ActOf(const Findings& findings, Scenario scenario) const {
  Passage act;
  std::pair<bool, float> best = {false, 0.0F};
  for (const RuleMatch& match : *findings.matches) {
    const Rule& rule = *rules_[match.rule];
    const std::pair<bool, float> strength = {!rule.problem.empty(),
                                             rule.weight + std::max(rule.scope, 0.0F)};
    if (rule.scenario == scenario && match.part != domain::TextPart::kUnspecified &&
        strength > best) {
      best = strength;
      act = ToPassage(match);
    }
  }
  return act;
}

// The organ of the deciding sentence, else of that of the act, else the one named at most length.
Passage Explainer::OrganOf(const Text& text, size_t deciding, const Passage& act) const {
  const size_t acting = act.given() ? text.SentenceOf(act) : Text::kNone;
  Matcher::Bytes best;
  int best_rank = -1;
  for (const Matcher::Bytes& hit : text.HitsOf(organ_)) {
    const size_t sentence = text.SentenceAt(hit.begin);
    const int rank = sentence == Text::kNone ? 0 : sentence == deciding ? 2 : sentence == acting;
    if (rank > best_rank || (rank == best_rank && hit.end - hit.begin > best.end - best.begin)) {
      best = hit;
      best_rank = rank;
    }
  }
  return best_rank < 0 ? Passage() : text.OrganAt(best);
}

// Told in vain: that nothing came of it stands behind, in the same sentence or the next.
void Explainer::ReadTold(const Text& text, domain::ScopeReason* scope) const {
  scope->told_before = ToldBefore::kNotSaid;
  const std::vector<Matcher::Bytes> in_vain = text.HitsOf(in_vain_);
  for (const Matcher::Bytes& told : text.HitsOf(told_)) {
    const size_t sentence = text.SentenceAt(told.begin);
    const bool vain = std::any_of(in_vain.begin(), in_vain.end(), [&](const auto& hit) {
      return hit.begin >= told.begin && text.SentenceAt(hit.begin) <= sentence + 1;
    });
    if (vain || scope->told_before == ToldBefore::kNotSaid) scope->told = text.PlaceOf(told);
    scope->told_before = vain ? ToldBefore::kInVain : ToldBefore::kTold;
    if (vain) break;
  }
}

void Explainer::ReadRunnerUp(const Findings& findings, domain::RunnerUp* second) const {
  const Standing& standing = *findings.standing;
  size_t next = standing.winner == 1 ? 2 : 1;
  for (size_t i = 1; i < kScenarioPlaces; ++i) {
    if (i != standing.winner && standing.shares[i] > standing.shares[next]) next = i;
  }
  const auto winner = static_cast<Scenario>(standing.winner);
  second->scenario = static_cast<Scenario>(next);
  second->confidence = standing.shares[next];
  second->for_verdict = Strongest(findings, winner, second->scenario);
  second->for_runner_up = Strongest(findings, second->scenario, winner);
  const auto strongest = [](const Spans& spans) {
    return spans.empty() ? 0.0F : spans.front().weight;
  };
  const float least =
      kLeastShare * std::max(strongest(second->for_verdict), strongest(second->for_runner_up));
  for (Spans* spans : {&second->for_verdict, &second->for_runner_up}) {
    while (!spans->empty() && spans->back().weight < least) spans->pop_back();
  }
  if (standing.instrument[standing.winner] && !standing.instrument[next]) {
    second->reason = RunnerUpReason::kInstrument;
  } else if (standing.shares[standing.winner] < standing.shares[next]) {
    second->reason = RunnerUpReason::kPrecedence;
  } else {
    second->reason =
        second->for_runner_up.empty() ? RunnerUpReason::kNoPassage : RunnerUpReason::kWeaker;
  }
}

}  // namespace supervision::classification
