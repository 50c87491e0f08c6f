#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/classification/model/features.h"
#include "services/classification/model/problem_heads.h"

namespace supervision::classification {

// A trained linear model: features of a text in, a calibrated probability of each class out.
// Immutable once made; any number of threads may use one, each with a workspace of its own.
class Model {
 public:
  static constexpr size_t kMaxClasses = 64;
  static constexpr size_t kMaxName = 64;  // bytes of a class name or a version

  // One place of the text and what it added to the logit of a class less that of its rival.
  struct Contribution {
    uint32_t begin = 0;  // bytes of the normalised text
    uint32_t end = 0;
    float weight = 0;
  };

  // The memory of one scoring, made to be reused with any model.
  class Workspace {
   public:
    // After Explain: what each character of the text added.
    const std::vector<float>& character_weights() const { return characters; }

   private:
    friend class Model;
    struct Place {
      uint32_t row = 0;
      uint32_t place = 0;  // among the touched; 0: nothing lies here
    };
    struct Signal {
      uint32_t place = 0;  // among the touched
      uint32_t begin = 0;  // bytes
      uint32_t end = 0;
    };

    // As many of the grams as an n-gram reaches back.
    static constexpr size_t kBefore = Features::kLongestGram * (Features::kLongestGram - 1);

    std::vector<Place> places;      // a table by row
    std::vector<uint32_t> touched;  // rows: that of none, n-grams, signals; `touched_count` of them
    size_t touched_count = 0;
    size_t gram_rows = 0;  // so many of the touched are that of none and n-grams
    // Of each of the touched: of n-grams how often they occur and their characters; its part of the
    // text's vector, its weights, and, after Explain, what it added (an n-gram to each of its
    // characters).
    std::vector<uint32_t> counts;
    std::vector<uint32_t> lengths;
    std::vector<float> strengths;
    std::vector<const int8_t*> weights;
    std::vector<float> added;
    // Of each character the n-grams of one, two and three characters that begin there, as places
    // among the touched, 0 where there is none; behind kBefore of none.
    std::vector<uint32_t> grams;
    std::vector<uint32_t> signal_homes;
    std::vector<Signal> signals;  // each row once; `signal_count` of them
    size_t signal_count = 0;
    std::vector<float> margins;
    std::vector<float> direction;
    std::vector<float> characters;
    std::vector<uint32_t> numbers;  // of the characters, by byte
    std::vector<Contribution> places_found;
    // Of problem models: the rows that matter to them, with their strengths and weights.
    std::vector<uint32_t> head_places;
    std::vector<float> head_strengths;
    std::vector<const int8_t*> head_weights;
    std::vector<float> sums;
    std::vector<LearntProblem> problems;
  };

  // Reads a model's file. INVALID_ARGUMENT with what is wrong and the remedy for anything that is
  // not a whole, sound model of this format; never more memory than a small multiple of `bytes`.
  static absl::StatusOr<std::shared_ptr<const Model>> Load(std::string_view bytes);
  ~Model();

  const std::vector<std::string>& classes() const;
  std::string_view version() const;  // "<version>+<first 12 hex digits of the file's digest>"
  float review_below() const;        // a person should look at verdicts less probable than this

  // The probability of each class, in the order of classes(); they add up to one. `probabilities`
  // has room for all.
  void Score(const Features& features, Workspace* workspace, float* probabilities) const;

  // How probable the problem models that were learnt for class `klass` are, in a clue of that
  // class, likeliest first; after Score with the same workspace, in which they stay until it is
  // used again. Those with too few examples were not learnt.
  std::span<const LearntProblem> Problems(size_t klass, Workspace* workspace) const;

  // The score of in against out of scope, positive for in; after Score with the same workspace.
  // Zero when the model has no such stage.
  float ScopeMargin(const Workspace& workspace) const;

  // The probability that a person would rate the clue HIGH, after Score with the same workspace;
  // nothing when the model has no such stage.
  std::optional<float> HighRisk(const Workspace& workspace) const;

  // What spoke for class `klass` rather than for `rival`, after Score with the same features and
  // workspace. Writes for each character of the text what it added (the share of the n-grams and
  // signals that cover it), and returns the `most` strongest places, strongest first.
  std::vector<Contribution> Explain(const Features& features, size_t klass, size_t rival,
                                    size_t most, Workspace* workspace) const;

  // Likewise what spoke for the problem model `code` of class `klass`; nothing when it was not
  // learnt.
  std::vector<Contribution> ExplainProblem(const Features& features, size_t klass,
                                           std::string_view code, size_t most,
                                           Workspace* workspace) const;

 private:
  struct Parts;
  explicit Model(std::unique_ptr<const Parts> parts);
  void FindGrams(std::u32string_view text, size_t block, uint32_t* rows) const;
  static void CountGrams(size_t rows, size_t characters, Workspace* workspace);
  void Collect(const Features& features, Workspace* workspace) const;
  void ShareOut(size_t characters, Workspace* workspace) const;
  void WeighRows(size_t klass, size_t rival, Workspace* workspace) const;
  // The places where the rows add most, from what each row adds.
  std::vector<Contribution> PlacesOf(const Features& features, size_t most,
                                     Workspace* workspace) const;

  std::unique_ptr<const Parts> parts_;
};

}  // namespace supervision::classification
