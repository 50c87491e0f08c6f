#include "services/classification/model/model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/classification/model/format.h"

namespace supervision::classification {
namespace {

constexpr uint32_t kNoRow = UINT32_MAX;
constexpr size_t kLane = 8;  // margins are padded to a multiple of it, so that loops vectorise
constexpr size_t kVersionDigestBytes = 6;
constexpr size_t kLongestPlace = 24;  // characters of one place that Explain returns

size_t SlotOf(FeatureKey key, size_t mask) {
  key ^= key >> 31;
  key *= 0x9E3779B97F4A7C15;
  return static_cast<size_t>(key >> 32) & mask;
}

}  // namespace

struct Model::Parts {
  struct Slot {
    FeatureKey key = 0;
    uint32_t row = kNoRow;
    float value = 0;
  };

  ModelData data;
  std::string version;
  size_t stride = 0;
  std::vector<Slot> slots;  // open addressing; at most half full
  size_t mask = 0;
  std::vector<int8_t> weights;  // rows x stride
};

Model::Model(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Model::~Model() = default;

absl::StatusOr<std::shared_ptr<const Model>> Model::Load(std::string_view bytes) {
  absl::StatusOr<ModelData> data = ReadModel(bytes);
  if (!data.ok()) {
    return data.status();
  }
  auto parts = std::make_unique<Parts>();
  parts->version = absl::StrCat(
      data->version, "+", base::HexEncode(base::Prefix(base::Sha256(bytes), kVersionDigestBytes)));
  const size_t rows = data->keys.size();
  parts->stride = (data->margins() + kLane - 1) / kLane * kLane;
  parts->weights.assign(rows * parts->stride, 0);
  size_t slots = 16;
  while (slots < 2 * rows) {
    slots *= 2;
  }
  parts->slots.resize(slots);
  parts->mask = slots - 1;
  for (size_t row = 0; row < rows; ++row) {
    std::copy_n(data->weights.begin() + static_cast<ptrdiff_t>(row * data->margins()),
                data->margins(),
                parts->weights.begin() + static_cast<ptrdiff_t>(row * parts->stride));
    size_t slot = SlotOf(data->keys[row], parts->mask);
    while (parts->slots[slot].row != kNoRow) {
      slot = (slot + 1) & parts->mask;
    }
    parts->slots[slot] = {data->keys[row], static_cast<uint32_t>(row), data->values[row]};
  }
  data->weights.clear();
  data->weights.shrink_to_fit();
  parts->data = *std::move(data);
  return std::shared_ptr<const Model>(new Model(std::move(parts)));
}

const std::vector<std::string>& Model::classes() const { return parts_->data.classes; }
std::string_view Model::version() const { return parts_->version; }
float Model::review_below() const { return parts_->data.review_below; }

uint32_t Model::RowOf(FeatureKey key) const {
  size_t slot = SlotOf(key, parts_->mask);
  while (parts_->slots[slot].row != kNoRow) {
    if (parts_->slots[slot].key == key) {
      return parts_->slots[slot].row;
    }
    slot = (slot + 1) & parts_->mask;
  }
  return kNoRow;
}

void Model::Score(const Features& features, Workspace* workspace, float* probabilities) const {
  const ModelData& data = parts_->data;
  const size_t stride = parts_->stride;
  std::vector<uint32_t>& counts = workspace->counts;
  std::vector<uint32_t>& touched = workspace->touched;
  if (counts.size() < data.keys.size()) {
    counts.resize(data.keys.size(), 0);
  }
  touched.clear();

  // An n-gram is in the vocabulary only when the one it begins with is, so a miss ends the walk.
  workspace->grams.clear();
  features.ForEachGram([&](FeatureKey key, size_t first, size_t last) {
    const uint32_t row = RowOf(key);
    if (row == kNoRow) {
      return false;
    }
    workspace->grams.push_back({row, static_cast<uint32_t>(first), static_cast<uint32_t>(last)});
    if (counts[row]++ == 0) {
      touched.push_back(row);
    }
    return true;
  });
  const size_t grams = touched.size();
  workspace->signals.clear();
  for (const Features::Signal& signal : features.signals) {
    const uint32_t row = RowOf(signal.key);
    if (row != kNoRow && counts[row]++ == 0) {
      touched.push_back(row);
      workspace->signals.push_back({row, signal.begin, signal.end});
    }
  }

  // The n-grams' part of the vector has length one; the signals' values are what they are.
  workspace->strengths.resize(touched.size());
  float squares = 0;
  for (size_t i = 0; i < touched.size(); ++i) {
    const uint32_t row = touched[i];
    float strength = data.values[row];
    if (i < grams) {
      if (counts[row] > 1) {
        strength *= 1 + std::log(static_cast<float>(counts[row]));
      }
      squares += strength * strength;
    }
    workspace->strengths[i] = strength;
    counts[row] = 0;
  }
  const float norm = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (size_t i = 0; i < grams; ++i) {
    workspace->strengths[i] *= norm;
  }

  std::vector<float>& margins = workspace->margins;
  margins.assign(stride, 0);
  for (size_t i = 0; i < touched.size(); ++i) {
    const int8_t* weights = parts_->weights.data() + touched[i] * stride;
    const float strength = workspace->strengths[i];
    for (size_t m = 0; m < stride; ++m) {
      margins[m] += strength * static_cast<float>(weights[m]);
    }
  }
  for (size_t m = 0; m < data.margins(); ++m) {
    margins[m] = margins[m] * data.steps[m] + data.biases[m];
  }

  const size_t classes = data.classes.size();
  float highest = -INFINITY;
  for (size_t k = 0; k < classes; ++k) {
    float logit = data.logit_biases[k];
    for (size_t m = 0; m < data.margins(); ++m) {
      logit += data.logits[k * data.margins() + m] * margins[m];
    }
    probabilities[k] = logit;
    highest = std::max(highest, logit);
  }
  float sum = 0;
  for (size_t k = 0; k < classes; ++k) {
    probabilities[k] = std::exp(probabilities[k] - highest);
    sum += probabilities[k];
  }
  for (size_t k = 0; k < classes; ++k) {
    probabilities[k] /= sum;
  }
}

float Model::ScopeMargin(const Workspace& workspace) const {
  const ModelData& data = parts_->data;
  return (data.stages & ModelData::kScopeStage) != 0 ? workspace.margins[data.classes.size()] : 0;
}

std::optional<float> Model::HighRisk(const Workspace& workspace) const {
  const ModelData& data = parts_->data;
  if ((data.stages & ModelData::kRiskStage) == 0) {
    return std::nullopt;
  }
  const float logit = data.high_slope * workspace.margins[data.margins() - 1] + data.high_bias;
  return 1 / (1 + std::exp(-logit));
}

std::vector<Model::Contribution> Model::Explain(const Features& features, size_t klass,
                                                size_t rival, size_t most,
                                                Workspace* workspace) const {
  const ModelData& data = parts_->data;
  // The weight of a row for `klass` rather than `rival`: the logits are linear in the margins.
  std::vector<float> direction(data.margins());
  for (size_t m = 0; m < data.margins(); ++m) {
    direction[m] =
        (data.logits[klass * data.margins() + m] - data.logits[rival * data.margins() + m]) *
        data.steps[m];
  }
  std::vector<float>& row_weights = workspace->row_weights;
  if (row_weights.size() < data.keys.size()) {
    row_weights.resize(data.keys.size());
  }
  for (size_t i = 0; i < workspace->touched.size(); ++i) {
    const uint32_t row = workspace->touched[i];
    const int8_t* weights = parts_->weights.data() + row * parts_->stride;
    float weight = 0;
    for (size_t m = 0; m < direction.size(); ++m) {
      weight += direction[m] * static_cast<float>(weights[m]);
    }
    row_weights[row] = weight * workspace->strengths[i];
  }

  // A row that occurs n times gives each place an n-th.
  std::vector<uint32_t>& counts = workspace->counts;
  for (const Workspace::Gram& gram : workspace->grams) {
    ++counts[gram.row];
  }
  std::vector<float>& characters = workspace->characters;
  characters.assign(features.characters.size(), 0);
  const auto spread = [&](size_t first, size_t last, float weight) {
    const float share = weight / static_cast<float>(last - first);
    for (size_t i = first; i < last; ++i) {
      characters[i] += share;
    }
  };
  for (const Workspace::Gram& gram : workspace->grams) {
    spread(gram.first, gram.last, row_weights[gram.row] / static_cast<float>(counts[gram.row]));
  }
  for (const uint32_t row : workspace->touched) {
    counts[row] = 0;
  }
  const auto place_of = [&](uint32_t byte) {
    return static_cast<size_t>(
        std::lower_bound(features.offsets.begin(), features.offsets.end(), byte) -
        features.offsets.begin());
  };
  for (const Workspace::Signal& signal : workspace->signals) {
    if (signal.begin < signal.end) {
      spread(place_of(signal.begin), place_of(signal.end), row_weights[signal.row]);
    }
  }

  // Runs of characters that speak for the class, cut where they grow too long to be read.
  std::vector<Contribution> places;
  for (size_t i = 0; i < characters.size();) {
    if (characters[i] <= 0) {
      ++i;
      continue;
    }
    size_t end = i;
    float weight = 0;
    while (end < characters.size() && characters[end] > 0 && end - i < kLongestPlace &&
           features.characters[end] != U'\n') {
      weight += characters[end++];
    }
    if (end == i) {  // a line feed
      ++i;
      continue;
    }
    places.push_back({features.offsets[i], features.offsets[end], weight});
    i = end;
  }
  const size_t kept = std::min(most, places.size());
  std::partial_sort(places.begin(), places.begin() + static_cast<ptrdiff_t>(kept), places.end(),
                    [](const Contribution& a, const Contribution& b) {
                      return a.weight != b.weight ? a.weight > b.weight : a.begin < b.begin;
                    });
  places.resize(kept);
  return places;
}

}  // namespace supervision::classification
