#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/domain/clue.h"
#include "services/domain/explanation.h"
#include "services/domain/verdict.h"

namespace supervision::classification {

struct Catalogue;  // catalogue.h: the 12 classes with names, owners, legal basis, version
class Features;    // model/features.h: what a model sees of a text
struct RuleSet;    // rules.h: patterns, weights, problem codes, risk, precedence, thresholds
class Model;       // model/model.h: the trained model

// The text of a clue and the typed facts that a partner may give beside it. The channel and the
// reported unit are deliberately absent: they never decide (guideline 2.2).
struct Input {
  std::string_view title;
  std::string_view content;
  const std::vector<domain::Instrument>* instruments = nullptr;  // may be null
  std::optional<int64_t> persons_affected;
};

// What becomes of a set that was right until a day passed: a law that it cites has ended, or a
// class of the catalogue has.
enum class Lapsed : uint8_t {
  kRefuse = 0,  // a mistake like any other, for whoever changes the files
  kKeep = 1,    // nobody changed anything, and sorting must go on: told in lapsed()
};

// Sorts a clue: scenario, second reading, confidence, risk with its addends, evidence. Pure and
// immutable once made: no I/O, no clock; any number of threads may call Classify at once. Input of
// up to 20,000 code points takes bounded time. The text must be valid UTF-8 (intake sees to it);
// bytes that are not are treated as U+FFFD.
class Classifier {
 public:
  // Compiles `rules` against `catalogue`. All mistakes at once, each with file, line and remedy.
  // Without a model the rules alone decide. The classes of a model must be those of the catalogue.
  // What has lapsed changes no verdict; catalogue() leaves out the citations that no longer hold.
  static absl::StatusOr<std::unique_ptr<Classifier>> Create(const Catalogue& catalogue,
                                                            const RuleSet& rules);
  static absl::StatusOr<std::unique_ptr<Classifier>> Create(const Catalogue& catalogue,
                                                            const RuleSet& rules,
                                                            std::shared_ptr<const Model> model,
                                                            Lapsed lapsed = Lapsed::kRefuse);
  ~Classifier();

  domain::Verdict Classify(const Input& input) const;

  // The same verdict, and why it is so and not otherwise. Takes about twice as long.
  domain::Verdict Classify(const Input& input, domain::Explanation* explanation) const;

  // The verdict without the model, should there be one.
  domain::Verdict ClassifyByRules(const Input& input) const;

  // What a model sees of a text; whether this classifier has a model plays no part. For training.
  void Describe(const Input& input, Features* features) const;

  // The probability that `model`, which may have any classes, gives each of its classes, with the
  // features that this classifier's rules find; in the order of model.classes(). For the evaluation
  // of sets with labels of their own.
  std::vector<float> Probabilities(const Model& model, const Input& input) const;

  const Catalogue& catalogue() const;
  std::string_view rules_version() const;  // "<version>+<first 12 hex digits of the digest>"
  std::string_view model_version() const;  // in the same form; empty without a model
  const std::vector<std::string>& lapsed() const;  // a line each, as a mistake; mostly empty

 private:
  class Engine;
  explicit Classifier(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace supervision::classification
