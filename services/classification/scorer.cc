#include "services/classification/scorer.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::classification {
namespace {

using domain::Risk;
using domain::Scenario;

constexpr size_t kMostEvidence = 16;
constexpr size_t kOut = static_cast<size_t>(Scenario::kOutOfScope);
// Probabilities that people would rate a clue HIGH: from the first the rules' HIGH stands, from the
// second a person looks.
constexpr float kHighFrom = 0.5F;
constexpr float kHighInDoubt = 0.4F;
// From this probability a learnt problem model counts as shown; a rule of it that matched needs
// less of a second opinion.
constexpr float kShown = 0.4F;
constexpr float kShownWithRule = 0.15F;
constexpr float kRiskEvidence = 1.0F;  // how strongly a risk rule counts among the evidence

size_t Index(Scenario scenario) { return static_cast<size_t>(scenario); }

struct AddendText {
  std::string_view code;
  std::string_view chinese;
  std::string_view english;
};

AddendText TextOf(RiskAddend addend) {
  switch (addend) {
    case RiskAddend::kRepeatOnce:
    case RiskAddend::kRepeatTwice:
      return {"REPEAT", "重复信访或多次书面投诉", "repeated petition or written complaint"};
    case RiskAddend::kSpreadGroup:
      return {"SPREAD", "涉及多人", "several persons affected"};
    case RiskAddend::kSpreadCrowd:
      return {"SPREAD", "涉及人数较多", "many persons affected"};
    case RiskAddend::kMinor:
      return {"SENSITIVE:MINOR", "涉及未成年人", "minors concerned"};
    case RiskAddend::kDeath:
      return {"SENSITIVE:DEATH", "涉及伤亡", "death or injury"};
    case RiskAddend::kFoodDrug:
      return {"SENSITIVE:FOOD_DRUG", "涉及食品药品安全", "food or drug safety"};
    case RiskAddend::kElderly:
      return {"SENSITIVE:ELDERLY", "涉及老年人", "elderly persons concerned"};
    case RiskAddend::kMedia:
      return {"SENSITIVE:MEDIA", "引发媒体或网络关注", "media attention"};
    case RiskAddend::kNone:
      break;
  }
  return {"", "", ""};
}

}  // namespace

Scorer::Scorer(const RuleSet& set, const std::vector<const Rule*>& rules)
    : scoring_(set.scoring), formula_(set.risk), rules_(rules) {
  std::copy_if(set.problems.begin(), set.problems.end(), std::back_inserter(problems_),
               [&](const Problem& problem) { return problem.effective.Covers(set.as_of); });
  for (const ClassPrior& prior : scoring_.priors) {
    bias_[Index(prior.scenario)] = prior.bias;
    default_risk_[Index(prior.scenario)] = prior.default_risk;
  }
  rank_.fill(UINT8_MAX);
  for (size_t i = 0; i < scoring_.precedence.size(); ++i) {
    rank_[Index(scoring_.precedence[i])] = static_cast<uint8_t>(i);
  }
  for (const Rule* rule : rules_) {
    weights_.push_back({rule->weight, rule->scope, static_cast<uint8_t>(rule->scenario),
                        rule->kind == RuleKind::kInstrument, rule->signal == Risk::kHigh});
    const auto problem =
        std::find_if(problems_.begin(), problems_.end(),
                     [&](const Problem& candidate) { return candidate.code == rule->problem; });
    rule_problems_.push_back(problem != problems_.end() ? &*problem : nullptr);
  }
}

domain::Verdict Scorer::Score(const std::vector<RuleMatch>& matches, const Persons& persons,
                              const Opinion* opinion) const {
  domain::Verdict verdict;
  if (opinion != nullptr) {
    ChooseWith(*opinion, matches, &verdict);
  } else {
    Choose(matches, &verdict);
  }
  AddEvidence(matches, &verdict);
  if (verdict.scenario != Scenario::kOutOfScope) {
    const ProblemList problems = ProblemsOf(matches, opinion, verdict.scenario);
    for (const Problem* problem : problems) verdict.problem_codes.push_back(problem->code);
    WeighHigh(opinion, Rate(matches, persons, problems, &verdict), &verdict);
    return verdict;
  }
  // Nothing that may be HIGH is silent: what stands in a text judged out of scope goes to a person.
  const bool high = std::any_of(matches.begin(), matches.end(),
                                [&](const RuleMatch& match) { return weights_[match.rule].high; });
  if (high) {
    const Points points = Rate(matches, persons, ProblemsByRules(matches, std::nullopt), &verdict);
    WeighHigh(opinion, points, &verdict);
    verdict.needs_review = true;
  }
  return verdict;
}

Standing Scorer::Stand(const std::vector<RuleMatch>& matches, const Opinion* opinion) const {
  return opinion == nullptr ? WeighRules(matches) : Weigh(FusionOf(matches), *opinion);
}

Standing Scorer::WeighRules(const std::vector<RuleMatch>& matches) const {
  Standing standing;
  Scores scores = bias_;
  std::array<bool, kClasses>& instrument = standing.instrument;
  for (const RuleMatch& match : matches) {
    const Weights& weights = weights_[match.rule];
    scores[weights.scenario] += weights.weight;
    scores[kOut] -= weights.scope;
    instrument[weights.scenario] |= weights.instrument;
  }
  size_t best = 1;
  for (size_t i = 1; i < kOut; ++i) {
    if (instrument[i]) {
      scores[i] += scoring_.instrument_bonus;
    }
    if (scores[i] > scores[best]) {
      best = i;
    }
  }
  const float highest = scores[best];
  for (size_t i = 1; i < kOut; ++i) {
    if (highest - scores[i] <= scoring_.tie_margin && rank_[i] < rank_[best]) {
      best = i;
    }
  }
  size_t second = 0;  // the best of the other ten
  for (size_t i = 1; i < kOut; ++i) {
    if (i != best && (second == 0 || scores[i] > scores[second])) {
      second = i;
    }
  }
  standing.winner = best;
  standing.second = second;
  if (scores[kOut] >= highest) {
    standing.winner = kOut;
    standing.second = best;
  }

  const float top = std::max(highest, scores[kOut]);
  float sum = 0;
  for (size_t i = 1; i < kClasses; ++i) {
    standing.shares[i] = std::exp((scores[i] - top) / scoring_.temperature);
    sum += standing.shares[i];
  }
  for (float& share : standing.shares) {
    share /= sum;
  }
  return standing;
}

void Scorer::Choose(const std::vector<RuleMatch>& matches, domain::Verdict* verdict) const {
  const Standing standing = WeighRules(matches);
  verdict->scenario = static_cast<Scenario>(standing.winner);
  verdict->confidence = standing.shares[standing.winner];
  if (standing.second != 0 && standing.shares[standing.second] >= scoring_.secondary_from) {
    verdict->secondary = static_cast<Scenario>(standing.second);
  }
  verdict->needs_review = verdict->confidence < scoring_.review_below;
}

// HIGH is a word that must keep its weight: where the rules say it and the model, which saw how
// people rated such texts, does not, the clue is rated just below. A person looks where it may be
// HIGH all the same; looking at the rest, too, was measured to find no more and to crowd out
// others. The model saw the text alone: a number of persons that the partner gives beside it keeps
// its weight, and HIGH stands where that lifts what the text may have by itself.
void Scorer::WeighHigh(const Opinion* opinion, const Points& points,
                       domain::Verdict* verdict) const {
  if (verdict->risk != Risk::kHigh || opinion == nullptr || !opinion->high.has_value()) {
    return;
  }
  const float probability = *opinion->high * (1 - opinion->probabilities[kOut]);
  if (probability >= kHighFrom) {
    return;
  }
  const int32_t most = formula_.high_from - 1;
  if (std::min(points.text, most) + points.told > most) {
    return;
  }
  const int32_t cut = most - verdict->risk_score;
  if (probability >= kHighInDoubt) {
    verdict->risk_reasons.push_back({"MODEL:HIGH_IN_DOUBT", cut,
                                     "同类线索人工多未定为高风险，待复核",
                                     "people often rate such clues lower; to be reviewed"});
    verdict->needs_review = true;
  } else {
    verdict->risk_reasons.push_back({"MODEL:HIGH_UNLIKELY", cut, "同类线索人工很少定为高风险",
                                     "people rarely rate such clues HIGH"});
  }
  verdict->risk_score += cut;
  verdict->risk = Risk::kMedium;
}

FusionInput Scorer::FusionOf(const std::vector<RuleMatch>& matches) const {
  FusionInput input;
  input.rank = rank_;
  input.tie_margin = scoring_.tie_margin;
  input.secondary_from = scoring_.secondary_from;
  for (const RuleMatch& match : matches) {
    const Weights& weights = weights_[match.rule];
    input.instrument[weights.scenario] |= weights.instrument && match.named;
  }
  return input;
}

void Scorer::ChooseWith(const Opinion& opinion, const std::vector<RuleMatch>& matches,
                        domain::Verdict* verdict) const {
  Fuse(FusionOf(matches), opinion, verdict);
}

void Scorer::AddEvidence(const std::vector<RuleMatch>& matches, domain::Verdict* verdict) const {
  struct Candidate {
    float strength;
    const RuleMatch* match;
  };
  const bool out = verdict->scenario == Scenario::kOutOfScope;
  std::vector<Candidate> candidates;
  candidates.reserve(matches.size());
  for (const RuleMatch& match : matches) {
    if (match.part == domain::TextPart::kUnspecified) {
      continue;
    }
    const Weights& weights = weights_[match.rule];
    const Rule& rule = *rules_[match.rule];
    float strength = out ? -weights.scope : std::max(weights.scope, 0.0F) / 2;
    if (!out && weights.scenario == Index(verdict->scenario)) {
      strength += weights.weight;
    } else if (weights.scenario != 0 && weights.scenario == Index(verdict->secondary)) {
      strength = std::max(strength, weights.weight / 2);
    }
    if (rule.signal != Risk::kUnspecified || rule.addend != RiskAddend::kNone) {
      strength = std::max(strength, kRiskEvidence);
    }
    if (strength > 0) {
      candidates.push_back({strength, &match});
    }
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    if (a.strength != b.strength) {
      return a.strength > b.strength;
    }
    return std::tuple(a.match->part, a.match->begin, a.match->rule) <
           std::tuple(b.match->part, b.match->begin, b.match->rule);
  });
  if (candidates.size() > kMostEvidence) {
    candidates.resize(kMostEvidence);
  }
  verdict->evidence.reserve(kMostEvidence);
  for (const Candidate& candidate : candidates) {
    const Rule& rule = *rules_[candidate.match->rule];
    domain::EvidenceSpan& span = verdict->evidence.emplace_back();
    span.part = candidate.match->part;
    span.begin = candidate.match->begin;
    span.end = candidate.match->end;
    span.rule_id = rule.id;
    span.weight = candidate.strength;
    if (rule.kind == RuleKind::kScope) {
      span.scenario = rule.scope < 0 ? Scenario::kOutOfScope : verdict->scenario;
    } else {
      span.scenario = rule.scenario;
    }
  }
}

// What the rules that matched say, the weightiest first: of one class, or of all.
Scorer::ProblemList Scorer::ProblemsByRules(const std::vector<RuleMatch>& matches,
                                            std::optional<Scenario> scenario) const {
  std::vector<std::pair<float, const Problem*>> found;
  for (const RuleMatch& match : matches) {
    const Problem* const problem = rule_problems_[match.rule];
    if (problem != nullptr && (!scenario.has_value() || problem->scenario == *scenario)) {
      found.emplace_back(weights_[match.rule].weight, problem);
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second->code < b.second->code;
  });
  ProblemList problems;
  for (const auto& [weight, problem] : found) {
    if (std::find(problems.begin(), problems.end(), problem) == problems.end()) {
      problems.push_back(problem);
    }
  }
  return problems;
}

// The problem models that a clue of the class shows. The text may well have the words of others'
// problems: those are not what it is about. Of the learnt ones model and rules together say which,
// of the rest the rules alone.
Scorer::ProblemList Scorer::ProblemsOf(const std::vector<RuleMatch>& matches,
                                       const Opinion* opinion, Scenario scenario) const {
  ProblemList by_rules = ProblemsByRules(matches, scenario);
  ProblemList problems;
  if (opinion != nullptr && opinion->problems != nullptr) {
    for (const LearntProblem& learnt : opinion->problems(scenario)) {
      const auto has_code = [&](const Problem& problem) { return problem.code == learnt.code; };
      const auto rule = std::find_if(by_rules.begin(), by_rules.end(),
                                     [&](const Problem* problem) { return has_code(*problem); });
      const bool matched = rule != by_rules.end();
      if (matched) by_rules.erase(rule);  // decided here
      if (learnt.probability < (matched ? kShownWithRule : kShown)) continue;
      const auto known = std::find_if(problems_.begin(), problems_.end(), has_code);
      if (known != problems_.end()) problems.push_back(&*known);
    }
  }
  problems.insert(problems.end(), by_rules.begin(), by_rules.end());
  if (problems.size() > kMostProblems) problems.resize(kMostProblems);
  return problems;
}

Scorer::Points Scorer::Rate(const std::vector<RuleMatch>& matches, const Persons& persons,
                            const ProblemList& problems, domain::Verdict* verdict) const {
  std::vector<domain::RiskReason>& reasons = verdict->risk_reasons;
  const auto base_of = [&](Risk risk) {
    return risk == Risk::kHigh     ? formula_.base_high
           : risk == Risk::kMedium ? formula_.base_medium
                                   : formula_.base_low;
  };
  const auto sentence = [](const Rule& rule, std::string_view chinese, std::string_view english,
                           domain::RiskReason* reason) {
    reason->chinese = rule.reason_zh.empty() ? std::string(chinese) : rule.reason_zh;
    reason->english = rule.reason_en.empty() ? std::string(english) : rule.reason_en;
  };

  // The base: the gravest problem model or medium signal; else a low signal; else the class's own.
  const Problem* gravest = nullptr;
  for (const Problem* problem : problems) {
    if (gravest == nullptr || problem->risk > gravest->risk ||
        (problem->risk == gravest->risk && problem->code < gravest->code)) {
      gravest = problem;
    }
  }
  const Rule* medium = nullptr;
  const Rule* low = nullptr;
  const Rule* high = nullptr;
  for (const RuleMatch& match : matches) {
    const Rule& rule = *rules_[match.rule];
    const auto keep_first = [&](const Rule** kept) {
      if (*kept == nullptr || rule.id < (*kept)->id) {
        *kept = &rule;
      }
    };
    if (rule.signal == Risk::kMedium) keep_first(&medium);
    if (rule.signal == Risk::kLow) keep_first(&low);
    // The words of another class's grave sign are not what the clue is about, as with problems;
    // where there is no class, nothing that may be HIGH is passed over.
    const bool own = rule.kind != RuleKind::kSubstance || rule.scenario == verdict->scenario ||
                     rule.scenario == verdict->secondary ||
                     verdict->scenario == Scenario::kOutOfScope;
    if (rule.signal == Risk::kHigh && own) keep_first(&high);
  }
  domain::RiskReason base;
  if (gravest != nullptr && (medium == nullptr || gravest->risk >= Risk::kMedium)) {
    base = {absl::StrCat("BASE:", gravest->code), base_of(gravest->risk), gravest->name_zh,
            gravest->name_en};
  } else if (medium != nullptr || low != nullptr) {
    const Rule& rule = medium != nullptr ? *medium : *low;
    base.code = absl::StrCat("BASE:", rule.id);
    base.points = base_of(rule.signal);
    sentence(rule, "情节信号", "signal in the text", &base);
  } else {
    base = {"BASE:CLASS", base_of(default_risk_[Index(verdict->scenario)]), "该类线索的起评分",
            "starting score of the class"};
  }
  reasons.push_back(std::move(base));

  int repeats = 0;
  bool crowd = persons.in_text >= formula_.crowd_from;
  bool group = persons.in_text >= formula_.group_from;
  std::vector<const Rule*> sensitive;
  for (const RuleMatch& match : matches) {
    const Rule& rule = *rules_[match.rule];
    switch (rule.addend) {
      case RiskAddend::kNone:
        break;
      case RiskAddend::kRepeatOnce:
        repeats = std::max(repeats, 1);
        break;
      case RiskAddend::kRepeatTwice:
        repeats = 2;
        break;
      case RiskAddend::kSpreadGroup:
        group = true;
        break;
      case RiskAddend::kSpreadCrowd:
        crowd = true;
        break;
      default:
        if (std::none_of(sensitive.begin(), sensitive.end(),
                         [&](const Rule* other) { return other->addend == rule.addend; })) {
          sensitive.push_back(&rule);
        }
    }
  }
  const auto add = [&](RiskAddend addend, int32_t points) {
    const AddendText text = TextOf(addend);
    reasons.push_back(
        {std::string(text.code), points, std::string(text.chinese), std::string(text.english)});
  };
  if (repeats > 0) {
    add(RiskAddend::kRepeatTwice, std::min(repeats * formula_.repeat, formula_.repeat_max));
  }
  Points points;
  const int32_t spread_in_text = SpreadOf(group, crowd);
  crowd |= persons.told >= formula_.crowd_from;
  group |= persons.told >= formula_.group_from;
  if (crowd || group) {
    add(crowd ? RiskAddend::kSpreadCrowd : RiskAddend::kSpreadGroup, SpreadOf(group, crowd));
    points.told = SpreadOf(group, crowd) - spread_in_text;
  }
  std::sort(sensitive.begin(), sensitive.end(),
            [](const Rule* a, const Rule* b) { return a->addend < b->addend; });
  int32_t left = formula_.sensitivity_max;
  for (const Rule* rule : sensitive) {
    const int32_t points = std::min(left, formula_.sensitivity);
    if (points > 0) {
      add(rule->addend, points);
      left -= points;
    }
  }

  int32_t score = 0;
  for (const domain::RiskReason& reason : reasons) {
    score += reason.points;
  }
  points.text = score - points.told;
  if (high != nullptr) {
    domain::RiskReason lift;
    lift.code = absl::StrCat("SIGNAL:", high->id);
    lift.points = std::max(formula_.high_from - score, 0);
    sentence(*high, "出现高风险信号", "a high-risk signal", &lift);
    score += lift.points;
    reasons.push_back(std::move(lift));
  }
  verdict->risk_score = score;
  verdict->risk = score >= formula_.high_from     ? Risk::kHigh
                  : score >= formula_.medium_from ? Risk::kMedium
                                                  : Risk::kLow;
  return points;
}

}  // namespace supervision::classification
