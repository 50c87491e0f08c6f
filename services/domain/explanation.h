#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/domain/scenario.h"
#include "services/domain/verdict.h"

namespace supervision::domain {

// Why a text was sorted so and not otherwise. Made when somebody asks, by the rules and the model
// in force at that moment; never stored, so that a clue costs no more for being explainable.

// A place of the original text in Unicode code points: [begin, end). No place: the part is
// unspecified.
struct Passage {
  TextPart part = TextPart::kUnspecified;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool given() const { return part != TextPart::kUnspecified; }
  bool operator==(const Passage&) const = default;
};

// What a text says of earlier reports to an organ. The numbers are those of supervision.v1.
enum class ToldBefore : uint8_t { kUnspecified = 0, kNotSaid = 1, kTold = 2, kInVain = 3 };

// Why a class came second. The numbers are those of supervision.v1.
enum class RunnerUpReason : uint8_t {
  kUnspecified = 0,
  kWeaker = 1,
  kNoPassage = 2,
  kInstrument = 3,
  kPrecedence = 4,
};

// Whether a text is a supervision clue at all, and by what.
struct ScopeReason {
  bool in = false;
  float confidence = 0;
  Passage sentence;  // that spoke most for it
  Passage blamed;    // the organ
  Passage act;       // what it is blamed for
  ToldBefore told_before = ToldBefore::kUnspecified;
  Passage told;
  std::string chinese;
  std::string english;
};

// The likeliest of the other classes.
struct RunnerUp {
  Scenario scenario = Scenario::kUnspecified;
  float confidence = 0;
  std::vector<EvidenceSpan> for_verdict;  // both strongest first
  std::vector<EvidenceSpan> for_runner_up;
  RunnerUpReason reason = RunnerUpReason::kUnspecified;
  std::string chinese;
  std::string english;
};

// Where a text shows a problem model of its verdict.
struct ProblemReason {
  std::string code;                    // "ENF-24"
  float probability = 0;               // by the model; 0: it learnt no such problem, a rule tells
  std::vector<EvidenceSpan> passages;  // of rules first, then of the model; each strongest first
  std::string chinese;
  std::string english;
};

struct Explanation {
  Scenario scenario = Scenario::kUnspecified;  // the class that is explained
  ScopeReason scope;
  RunnerUp runner_up;
  std::vector<ProblemReason> problems;  // those of the verdict, in its order
  std::string rules_version;
};

}  // namespace supervision::domain
