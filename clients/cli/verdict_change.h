#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "supervision/v1/verdict.pb.h"

namespace supervision::cli {

// A clue of history that other rules or another model would sort otherwise.
struct VerdictChange {
  std::string clue_id;
  uint32_t clue_version = 0;
  bool scenario = false;  // what differs
  bool risk = false;
  bool review = false;
  v1::Verdict before;
  v1::Verdict after;
  bool any() const { return scenario || risk || review; }
};

struct ChangeCounts {
  int64_t clues = 0;
  int64_t changed = 0;
  int64_t scenario = 0;
  int64_t risk = 0;
  int64_t raised = 0;  // to a graver risk
  int64_t review = 0;
  int64_t decided = 0;     // by a person, which no rule overrides
  int64_t unreadable = 0;  // no text within the caller's view

  void Add(const VerdictChange& change);
};

// Compares what decides what is told: scenario, risk, and whether a person has to look.
VerdictChange CompareVerdicts(const std::string& clue_id, uint32_t clue_version,
                              const v1::Verdict& before, const v1::Verdict& after);

}  // namespace supervision::cli
