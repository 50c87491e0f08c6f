#pragma once

#include <map>
#include <string>

#include "supervision/v1/review_service.pb.h"

namespace supervision::cli {

// How often persons agreed with the machine, over the clues that they have looked at. What the
// machine sent to review is the hardest part of all, so this is no figure of the machine's
// accuracy.
class Agreement {
 public:
  struct Count {
    int clues = 0;
    int same_class = 0;
    int same_risk = 0;  // of those of the same class
  };
  using Counts = std::map<std::string, Count>;

  void Add(const v1::CorrectedClue& clue);

  const Count& total() const { return total_; }
  const Counts& by_reviewer() const { return by_reviewer_; }
  // By the machine's class.
  const Counts& by_class() const { return by_class_; }
  // By each rule in the evidence for the machine's class.
  const Counts& by_rule() const { return by_rule_; }

 private:
  Count total_;
  Counts by_reviewer_;
  Counts by_class_;
  Counts by_rule_;
};

}  // namespace supervision::cli
