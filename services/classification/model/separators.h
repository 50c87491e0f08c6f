#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "services/classification/model/features.h"

namespace supervision::classification {

// A clue as a learner sees it.
struct Document {
  std::vector<std::pair<FeatureKey, uint32_t>> grams;  // each once, with its count; rising
  std::vector<FeatureKey> signals;                     // each once, rising
  uint32_t label = 0;                                  // number of the class
  bool high = false;                                   // a person rated the risk HIGH
  bool rules_high = false;                             // so do the rules
};

// Counts what `features` hold.
Document Count(const Features& features, uint32_t label);

// Linear separators over the features: one per class against all others; with `scope_class`, one
// for all others against that class; with `high`, one for HIGH risk against the rest; in this
// order.
struct Separators {
  uint32_t margins = 0;
  std::vector<FeatureKey> keys;  // of the rows, rising
  std::vector<float> values;     // of the rows
  std::vector<float> weights;    // rows x margins
  std::vector<float> biases;     // per margin

  // The margins of a document; `out` has room for all.
  void Margins(const Document& document, double* out) const;
};

struct SeparatorOptions {
  uint32_t classes = 0;
  int64_t scope_class = -1;  // none
  bool high = false;
  unsigned seed = 1;
};

// Trains separators on the documents whose numbers `chosen` holds. Every class must be among them.
// One training at a time in a process: liblinear draws from the C library's one generator, which is
// seeded here, so that the same documents give the same weights.
Separators TrainSeparators(std::span<const Document> documents, std::span<const uint32_t> chosen,
                           const SeparatorOptions& options);

// Trains one separator over the rows of `rows`, whose weights play no part: the chosen documents
// that `positive` names by number, against the other chosen ones. Only the `most` rows that weigh
// most keep a weight. One training at a time, as above.
Separators TrainSeparator(std::span<const Document> documents, std::span<const uint32_t> chosen,
                          const Separators& rows, absl::FunctionRef<bool(uint32_t)> positive,
                          size_t most, unsigned seed);

}  // namespace supervision::classification
