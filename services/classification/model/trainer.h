#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/classification/classifier.h"
#include "services/classification/model/labelled.h"

namespace supervision::classification {

struct TrainOptions {
  uint64_t seed = 1;          // of the inner folds; same clues, rules and seed: same bytes
  std::string version = "1";  // of the model, shown in verdicts; at most Model::kMaxName bytes
};

// Learns a model from `clues` and returns the bytes of its file (Model::Load reads them). `rules`
// gives the features that rest on rules, references and cues; whether it has a model itself plays
// no part. Needs two classes with at least two clues each.
//
// Stages that lean on each other are trained out of fold, and the probabilities are calibrated out
// of fold too; near-duplicates and clues that differ in little (pairs) stay in one inner fold.
// INVALID_ARGUMENT tells every mistake of the clues at once, by id. One thread; deterministic.
absl::StatusOr<std::string> Train(std::span<const LabelledClue> clues, const Classifier& rules,
                                  const TrainOptions& options);

// For each clue the number of a group that must not be torn apart by a split into folds: clues
// whose texts are near-duplicates of each other. Groups are numbered from 0 in order of their first
// clue. For who cross-validates.
std::vector<uint32_t> NearDuplicateGroups(std::span<const LabelledClue> clues);

}  // namespace supervision::classification
