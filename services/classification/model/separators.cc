#include "services/classification/model/separators.h"

#include <linear.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "absl/container/flat_hash_map.h"

namespace supervision::classification {
namespace {

constexpr uint32_t kLeastDocuments = 3;  // in which a feature must occur
constexpr double kCost = 0.7;            // of liblinear
constexpr double kPrecision = 1e-3;
constexpr double kMostRiskWeight =
    8;  // of a HIGH clue against another, or one that shows a problem
// What a signal counts beside the n-grams, whose vector has length one. Chosen by cross-validation:
// rules know more than single cues.
constexpr float kCueValue = 0.05F;
constexpr float kRuleValue = 0.1F;
// How far a separator leans on what is commoner on one side than on the other before it learns: 0
// treats all rows alike. Between 0.25 and 0.5 made no difference; more forgets the rare.
constexpr double kLean = 0.35;

void Silent(const char*) {}

void Vocabulary(std::span<const Document> documents, std::span<const uint32_t> chosen,
                Separators* separators) {
  absl::flat_hash_map<FeatureKey, uint32_t> frequency;
  for (const uint32_t i : chosen) {
    for (const auto& [key, count] : documents[i].grams) ++frequency[key];
    for (const FeatureKey key : documents[i].signals) ++frequency[key];
  }
  for (const auto& [key, count] : frequency) {
    if (count >= kLeastDocuments) separators->keys.push_back(key);
  }
  std::sort(separators->keys.begin(), separators->keys.end());
  const auto documents_count = static_cast<double>(chosen.size());
  for (const FeatureKey key : separators->keys) {
    if (IsSignal(key)) {
      separators->values.push_back(KindOf(key) == SignalKind::kRule ? kRuleValue : kCueValue);
    } else {
      separators->values.push_back(
          static_cast<float>(std::log((1 + documents_count) / (1.0 + frequency[key])) + 1));
    }
  }
}

struct Entry {
  uint32_t row;
  float value;
};

// The document's vector over the rows of `separators`, rows rising.
std::vector<Entry> Vector(const Separators& separators, const Document& document) {
  std::vector<Entry> entries;
  double squares = 0;
  size_t row = 0;
  const auto find = [&](FeatureKey key) {  // both lists rise
    row =
        static_cast<size_t>(std::lower_bound(separators.keys.begin() + static_cast<ptrdiff_t>(row),
                                             separators.keys.end(), key) -
                            separators.keys.begin());
    return row < separators.keys.size() && separators.keys[row] == key;
  };
  for (const auto& [key, count] : document.grams) {
    if (find(key)) {
      const double value = separators.values[row] * (1 + std::log(count));
      squares += value * value;
      entries.push_back({static_cast<uint32_t>(row), static_cast<float>(value)});
    }
  }
  const auto norm = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares) : 0);
  for (Entry& entry : entries) entry.value *= norm;
  for (const FeatureKey key : document.signals) {
    if (find(key)) entries.push_back({static_cast<uint32_t>(row), separators.values[row]});
  }
  return entries;
}

class Learner {
 public:
  Learner(std::span<const Document> documents, std::span<const uint32_t> chosen,
          const SeparatorOptions& options, Separators* separators)
      : options_(options), separators_(separators) {
    const auto rows = static_cast<int>(separators->keys.size());
    for (const uint32_t i : chosen) {
      std::vector<feature_node>& nodes = nodes_.emplace_back();
      for (const Entry& entry : Vector(*separators, documents[i])) {
        nodes.push_back({static_cast<int>(entry.row) + 1, entry.value});
      }
      nodes.push_back({rows + 1, 1.0});  // the bias
      nodes.push_back({-1, 0});
      labels_.push_back(documents[i].label);
      documents_.push_back(&documents[i]);
    }
    separators->weights.assign(separators->keys.size() * separators->margins, 0);
    separators->biases.assign(separators->margins, 0);
  }

  // The separator of the samples with `positive(document)` from the others becomes margin `margin`.
  template <typename Positive>
  void Separate(uint32_t margin, Positive&& positive, double positive_weight,
                double negative_weight) {
    std::vector<double> targets;
    for (const Document* document : documents_) targets.push_back(positive(*document) ? 1 : -1);
    const std::vector<double> scales = Scales(targets);
    std::vector<std::vector<feature_node>> nodes = nodes_;
    std::vector<feature_node*> starts;
    for (std::vector<feature_node>& vector : nodes) {
      for (feature_node& node : vector) {
        if (node.index > 0) node.value *= scales[static_cast<size_t>(node.index) - 1];
      }
      starts.push_back(vector.data());
    }
    problem task{};
    task.l = static_cast<int>(targets.size());
    task.n = static_cast<int>(separators_->keys.size()) + 1;
    task.y = targets.data();
    task.x = starts.data();
    task.bias = 1;
    int sides[2] = {1, -1};
    double weights[2] = {positive_weight, negative_weight};
    parameter settings{};
    settings.solver_type = L2R_L2LOSS_SVC_DUAL;
    settings.C = kCost;
    settings.eps = kPrecision;
    settings.nr_weight = 2;
    settings.weight_label = sides;
    settings.weight = weights;
    std::srand(options_.seed);
    set_print_string_function(&Silent);
    model* trained = train(&task, &settings);
    const double sign = trained->label[0] == 1 ? 1 : -1;  // w speaks for the first label met
    for (size_t row = 0; row < separators_->keys.size(); ++row) {
      separators_->weights[row * separators_->margins + margin] =
          static_cast<float>(sign * trained->w[row] * scales[row]);
    }
    separators_->biases[margin] = static_cast<float>(sign * trained->w[separators_->keys.size()]);
    free_and_destroy_model(&trained);
  }

  const std::vector<uint32_t>& labels() const { return labels_; }

 private:
  // How much larger each row is made before a separator is learnt, and the bias, which is not. Rows
  // that are commoner among its samples than among the others, or rarer, are drawn less towards
  // zero: the log ratio of naive Bayes. The weights are scaled back, so the model stays linear.
  std::vector<double> Scales(const std::vector<double>& targets) const {
    const size_t rows = separators_->keys.size();
    std::array<std::vector<double>, 2> counts = {std::vector<double>(rows, 1),
                                                 std::vector<double>(rows, 1)};
    std::array<double, 2> totals = {static_cast<double>(rows), static_cast<double>(rows)};
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const size_t side = targets[i] > 0 ? 0 : 1;
      for (const feature_node& node : nodes_[i]) {
        if (node.index < 1 || static_cast<size_t>(node.index) > rows) continue;
        counts[side][static_cast<size_t>(node.index) - 1] += 1;
        totals[side] += 1;
      }
    }
    std::vector<double> scales(rows + 1, 1);
    double sum = 0;
    for (size_t row = 0; row < rows; ++row) {
      scales[row] = std::fabs(std::log(counts[0][row] / totals[0] * totals[1] / counts[1][row]));
      sum += scales[row];
    }
    const double average = std::max(sum / static_cast<double>(rows), 1e-9);
    for (size_t row = 0; row < rows; ++row) {
      scales[row] = 1 - kLean + kLean * scales[row] / average;
    }
    return scales;
  }

  const SeparatorOptions& options_;
  Separators* const separators_;
  std::vector<std::vector<feature_node>> nodes_;
  std::vector<uint32_t> labels_;
  std::vector<const Document*> documents_;
};

}  // namespace

Document Count(const Features& features, uint32_t label) {
  Document document;
  document.label = label;
  std::vector<FeatureKey> keys;
  features.ForEachGram([&](FeatureKey key, size_t, size_t) {
    keys.push_back(key);
    return true;
  });
  std::sort(keys.begin(), keys.end());
  for (const FeatureKey key : keys) {
    if (document.grams.empty() || document.grams.back().first != key) {
      document.grams.emplace_back(key, 0);
    }
    ++document.grams.back().second;
  }
  for (const Features::Signal& signal : features.signals) document.signals.push_back(signal.key);
  std::sort(document.signals.begin(), document.signals.end());
  document.signals.erase(std::unique(document.signals.begin(), document.signals.end()),
                         document.signals.end());
  return document;
}

void Separators::Margins(const Document& document, double* out) const {
  std::copy(biases.begin(), biases.end(), out);
  for (const Entry& entry : Vector(*this, document)) {
    for (uint32_t m = 0; m < margins; ++m) {
      out[m] += static_cast<double>(entry.value) * weights[entry.row * margins + m];
    }
  }
}

Separators TrainSeparators(std::span<const Document> documents, std::span<const uint32_t> chosen,
                           const SeparatorOptions& options) {
  Separators separators;
  separators.margins =
      options.classes + (options.scope_class >= 0 ? 1 : 0) + (options.high ? 1 : 0);
  Vocabulary(documents, chosen, &separators);
  Learner learner(documents, chosen, options, &separators);
  std::vector<double> sizes(options.classes, 0);
  for (const uint32_t label : learner.labels()) ++sizes[label];
  const auto total = static_cast<double>(chosen.size());
  for (uint32_t k = 0; k < options.classes; ++k) {
    learner.Separate(
        k, [&](const Document& document) { return document.label == k; },
        total / (options.classes * sizes[k]), 1);
  }
  if (options.scope_class >= 0) {
    const auto out = static_cast<uint32_t>(options.scope_class);
    learner.Separate(
        options.classes, [&](const Document& document) { return document.label != out; },
        total / (2 * (total - sizes[out])), total / (2 * sizes[out]));
  }
  if (options.high) {
    const auto high = static_cast<double>(
        std::count_if(chosen.begin(), chosen.end(), [&](uint32_t i) { return documents[i].high; }));
    learner.Separate(
        separators.margins - 1, [](const Document& document) { return document.high; },
        std::min(kMostRiskWeight, total / (2 * std::max(high, 1.0))), 1);
  }
  return separators;
}

Separators TrainSeparator(std::span<const Document> documents, std::span<const uint32_t> chosen,
                          const Separators& rows, absl::FunctionRef<bool(uint32_t)> positive,
                          size_t most, unsigned seed) {
  Separators separators;
  separators.margins = 1;
  separators.keys = rows.keys;
  separators.values = rows.values;
  SeparatorOptions options;
  options.seed = seed;
  Learner learner(documents, chosen, options, &separators);
  const auto named = static_cast<double>(std::count_if(chosen.begin(), chosen.end(), positive));
  const auto total = static_cast<double>(chosen.size());
  learner.Separate(
      0,
      [&](const Document& document) {
        return positive(static_cast<uint32_t>(&document - documents.data()));
      },
      std::min(kMostRiskWeight, total / (2 * std::max(named, 1.0))), 1);
  std::vector<float>& weights = separators.weights;
  if (weights.size() <= most) return separators;
  // What a row can add, not its weight alone: the values of n-grams differ.
  std::vector<float> effects;
  for (size_t row = 0; row < weights.size(); ++row) {
    effects.push_back(std::fabs(weights[row]) * separators.values[row]);
  }
  std::vector<float> sorted = effects;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(most), sorted.end(),
                   std::greater<>());
  const float least = sorted[most];
  for (size_t row = 0; row < weights.size(); ++row) {
    if (effects[row] <= least) weights[row] = 0;
  }
  return separators;
}

}  // namespace supervision::classification
