#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "services/classification/catalogue.h"
#include "services/classification/origin.h"
#include "services/domain/clue.h"
#include "services/domain/scenario.h"

namespace supervision::classification {

// The rules as data. Plain values; made by services/config from YAML, checked and compiled by
// Classifier::Create. What the fields mean to an author stands in protos/supervision/config/v1/
// rules.proto; this is the same without protobuf.

// How a rule bears on the verdict.
enum class RuleKind : uint8_t {
  kUnspecified = 0,
  kInstrument = 1,  // the clue is, or reports the handling of, a formal instrument
  kSubstance = 2,   // what the clue is about
  kScope = 3,       // only whether the clue is in scope at all
  kRisk = 4,        // only risk: repetition, spread, sensitivity, signals
};

enum class RuleSection : uint8_t { kAnywhere = 0, kTitle = 1, kFirstSentence = 2 };

// A piece of text with the place where it was written.
struct Phrase {
  Origin origin;
  std::string text;
};

// A named set of phrases, used as $NAME in patterns. One whose name begins with the first prefix is
// a cue; the next two tell who may be blamed and what for, and the last two that whoever stands
// next is asked to act, or was told.
inline constexpr std::string_view kCuePrefix = "CUE_";
inline constexpr std::string_view kWhoPrefix = "WHO_";
inline constexpr std::string_view kDidPrefix = "DID_";
inline constexpr std::string_view kAskingName = "BLAME_ASKING";
inline constexpr std::string_view kTellingName = "BLAME_TELLING";
struct Lexicon {
  Origin origin;
  std::string name;
  std::vector<Phrase> phrases;
};

// What a rule adds to the risk score beside its base.
enum class RiskAddend : uint8_t {
  kNone = 0,
  kRepeatOnce = 1,   // one formal repetition
  kRepeatTwice = 2,  // two or more
  kSpreadGroup = 3,  // plainly a group below the threshold of a crowd
  kSpreadCrowd = 4,  // plainly a whole village, estate or several buildings
  kMinor = 5,        // sensitivity: minors
  kDeath = 6,
  kFoodDrug = 7,
  kElderly = 8,
  kMedia = 9,
};

struct Rule {
  Origin origin;
  std::string id;
  RuleKind kind = RuleKind::kUnspecified;
  domain::Scenario scenario = domain::Scenario::kUnspecified;  // none for kScope and kRisk
  float weight = 0;                                            // for its scenario
  float scope = 0;  // for being in scope at all; negative: speaks for OUT_OF_SCOPE
  RuleSection section = RuleSection::kAnywhere;
  std::vector<Phrase> any;      // one of these patterns must match
  std::vector<Phrase> with;     // and one of these somewhere in the text, when there are any
  std::vector<Phrase> without;  // and none of these anywhere
  std::vector<Phrase> unless;   // a match is no match with one of these near it in its sentence
  int32_t within = 0;           // widest gap of "…" in code points; 0: the rule set's default
  std::vector<domain::InstrumentType> instruments;  // or the partner gave one of these
  std::string problem;                              // code of a problem model; may be empty
  // kHigh lifts the risk to HIGH, kMedium lifts its base, kLow is the base when nothing else is.
  domain::Risk signal = domain::Risk::kUnspecified;
  RiskAddend addend = RiskAddend::kNone;
  std::string reason_zh;  // the sentence of a signal or addend; empty: made from the rest
  std::string reason_en;
  std::vector<LegalBasis> legal_basis;
  EffectiveDates effective;
  std::vector<Phrase> examples;          // texts that the rule must match
  std::vector<Phrase> counter_examples;  // texts that it must not match
};

// A problem model (问题模型): what went wrong, with the base of the risk score.
struct Problem {
  Origin origin;
  std::string code;  // "ENF-24"
  domain::Scenario scenario = domain::Scenario::kUnspecified;
  std::string name_zh;
  std::string name_en;
  domain::Risk risk = domain::Risk::kUnspecified;
  std::vector<LegalBasis> legal_basis;
  EffectiveDates effective;
};

// The bias of a class and the risk of its clues when no problem model matched.
struct ClassPrior {
  Origin origin;
  domain::Scenario scenario = domain::Scenario::kUnspecified;
  float bias = 0;
  domain::Risk default_risk = domain::Risk::kUnspecified;
};

// The constants of the risk formula.
struct RiskFormula {
  Origin origin;
  int32_t base_low = 20;
  int32_t base_medium = 45;
  int32_t base_high = 75;
  int32_t repeat = 10;
  int32_t repeat_max = 20;
  int32_t spread_group = 10;
  int32_t spread_crowd = 25;
  int32_t group_from = 5;   // persons
  int32_t crowd_from = 30;  // persons
  int32_t sensitivity = 10;
  int32_t sensitivity_max = 20;
  int32_t medium_from = 40;
  int32_t high_from = 70;
};

// The constants of the scorer.
struct Scoring {
  Origin origin;
  std::vector<domain::Scenario> precedence;  // on ties, first wins; all 11 scenarios
  std::vector<ClassPrior> priors;            // one a class
  float instrument_bonus = 0;                // added to a class for which an instrument rule speaks
  float tie_margin = 0;                      // scores closer than this are a tie
  float temperature = 1;                     // of the softmax that gives the confidence
  float review_below = 0;                    // confidence below this needs a review
  float secondary_from = 0;                  // share of a second reading that is named
  int32_t within = 12;                       // default widest gap of "…" in code points
  int32_t unless_within = 12;                // how near an `unless` must stand, in code points
};

// What tells a reader who is blamed and whether an organ was told before: names of cues, or ids of
// rules.
struct Reading {
  std::vector<Phrase> organ;
  std::vector<Phrase> told;
  std::vector<Phrase> in_vain;  // that nothing came of it
};

// A statute that may be cited, in the edition whose articles are cited.
struct Statute {
  Origin origin;
  std::string name;  // as it is cited: "行政处罚法"
  std::string full_name;
  EffectiveDates effective;
  std::string replaced_by;
};

struct RuleSet {
  Origin origin;
  std::string version;
  absl::CivilDay as_of;  // items not effective on this day are left out
  Scoring scoring;
  RiskFormula risk;
  Reading reading;
  std::vector<Statute> statutes;
  std::vector<Lexicon> lexicons;
  std::vector<Problem> problems;
  std::vector<Rule> rules;
  std::vector<std::string> mistakes;  // as Catalogue::mistakes
};

}  // namespace supervision::classification
