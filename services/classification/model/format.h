#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/classification/model/features.h"
#include "services/classification/model/problem_heads.h"

namespace supervision::classification {

// What a model's file holds.
//
// The file: 8 bytes of magic, the format's version (4 bytes), the length of the body (8), the body,
// and the SHA-256 of all before it. Numbers are little-endian. A *row* is a feature; a *margin* is
// the score of one linear separator over the rows: one per class against all others, then, where
// the stages say so, one for in or out of scope and one for HIGH risk. The logit of a class is a
// linear function of the margins, that of HIGH one of its own margin. Format 1 had no problems.
struct ModelData {
  static constexpr uint8_t kScopeStage = 1;
  static constexpr uint8_t kRiskStage = 2;

  std::string version;
  std::vector<std::string> classes;
  uint8_t stages = 0;
  float review_below = 0;  // confidence below which a person should look
  float high_slope = 0;    // logit of HIGH = slope * margin + bias
  float high_bias = 0;
  std::vector<FeatureKey> keys;     // of the rows, rising
  std::vector<float> values;        // of the rows: the idf of an n-gram, the value of a signal
  std::vector<int8_t> weights;      // rows x margins, in steps
  std::vector<float> steps;         // per margin: what one step of a weight is worth
  std::vector<float> biases;        // per margin
  std::vector<float> logits;        // classes x margins
  std::vector<float> logit_biases;  // per class
  std::vector<ProblemSeparator> problems;

  size_t margins() const {
    return classes.size() + ((stages & kScopeStage) != 0 ? 1 : 0) +
           ((stages & kRiskStage) != 0 ? 1 : 0);
  }
};

std::string WriteModel(const ModelData& data);

// INVALID_ARGUMENT with the remedy for whatever WriteModel does not write: cut, changed, foreign or
// newer files, and values that would make a verdict meaningless.
absl::StatusOr<ModelData> ReadModel(std::string_view bytes);

}  // namespace supervision::classification
