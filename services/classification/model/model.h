#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace supervision::classification {

class Features;  // model/features.h: what a model sees of a text

// One place of the text that spoke for a class, strongest first among its peers.
struct Contribution {
  uint32_t begin = 0;  // bytes of the normalised text
  uint32_t end = 0;
  float weight = 0;  // added to the score of the class
};

// A trained linear model: features of a text in, a calibrated probability of each class out.
// Immutable once made; any number of threads may use one.
class Model {
 public:
  static constexpr size_t kMaxClasses = 64;
  static constexpr size_t kMaxName = 64;  // bytes of a class name or a version

  // Reads a model's file. INVALID_ARGUMENT with what is wrong and the remedy for anything that is
  // not a whole, sound model of this format version; never more memory than a small multiple of
  // `bytes`.
  static absl::StatusOr<std::shared_ptr<const Model>> Load(std::string_view bytes);
  ~Model();

  const std::vector<std::string>& classes() const;
  std::string_view version() const;  // "<version>+<first 12 hex digits of the file's digest>"

  // The probability of each class, in the order of classes(); they add up to one. `probabilities`
  // has room for all.
  void Score(const Features& features, float* probabilities) const;

  // The places that spoke most for class number `klass` rather than for `rival`, at most `most`.
  std::vector<Contribution> Explain(const Features& features, size_t klass, size_t rival,
                                    size_t most) const;

 private:
  struct Parts;
  explicit Model(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace supervision::classification
