#include "services/classification/model/model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/classification/model/format.h"

namespace supervision::classification {
namespace {

constexpr uint32_t kNoRow = UINT32_MAX;
constexpr size_t kLane =
    16;  // margins are padded to a multiple of it: one row is few whole vectors
constexpr size_t kVersionDigestBytes = 6;
constexpr size_t kLongestPlace = 24;  // characters of one place that Explain returns
constexpr size_t kBasicPlane = 0x10000;
constexpr int kCharacterBits = 21;

// Four floats, and the bytes that widen to four of them. Compilers for any machine know these; we
// add in the same order with and without them, so a verdict does not depend on the machine.
using Bytes = int8_t __attribute__((vector_size(16)));
using Shorts = int16_t __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));
using Floats = float __attribute__((vector_size(16)));
constexpr size_t kFloats = 4;

Bytes LoadBytes(const int8_t* from) {
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return bytes;
}

Bytes LowBytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
Bytes HighBytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
Shorts LowShorts(Shorts a, Shorts b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
Shorts HighShorts(Shorts a, Shorts b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// Each byte is brought to the top of an integer and shifted down again, which spreads its sign.
Floats ToFloats(Shorts doubled) {
  return __builtin_convertvector(reinterpret_cast<Ints>(doubled) >> 24, Floats);
}
struct Lane {  // sixteen numbers
  Floats a, b, c, d;
};
Lane Widen(Bytes bytes) {
  const auto low = reinterpret_cast<Shorts>(LowBytes(bytes, bytes));
  const auto high = reinterpret_cast<Shorts>(HighBytes(bytes, bytes));
  return {ToFloats(LowShorts(low, low)), ToFloats(HighShorts(low, low)),
          ToFloats(LowShorts(high, high)), ToFloats(HighShorts(high, high))};
}

size_t SlotOf(FeatureKey key, size_t mask) {
  key ^= key >> 31;
  key *= 0x9E3779B97F4A7C15;
  return static_cast<size_t>(key >> 32) & mask;
}

// The place of a character in a set of 64.
uint64_t BitOf(char32_t character) { return uint64_t{1} << ((character * 0x9E3779B1U) >> 26); }

}  // namespace

struct Model::Parts {
  struct Slot {
    FeatureKey key = 0;
    uint32_t row = kNoRow;
    float value = 0;
  };

  // The row of a key that is not a single character of the basic plane.
  uint32_t Find(FeatureKey key) const {
    size_t slot = SlotOf(key, mask);
    while (slots[slot].row != kNoRow) {
      if (slots[slot].key == key) {
        return slots[slot].row;
      }
      slot = (slot + 1) & mask;
    }
    return kNoRow;
  }
  uint32_t RowOf(FeatureKey key) const { return key < kBasicPlane ? characters[key] : Find(key); }

  ModelData data;
  std::string version;
  size_t stride = 0;
  std::vector<Slot> slots;  // open addressing; at most two thirds full
  size_t mask = 0;
  std::vector<uint32_t> characters;  // row of each character of the basic plane
  // Of the rows of n-grams: a set with the characters that may follow one in the vocabulary, so
  // that most n-grams that are not in it need no look into the table.
  std::vector<uint64_t> followers;
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
  while (2 * slots < 3 * rows) {
    slots *= 2;
  }
  parts->slots.resize(slots);
  parts->mask = slots - 1;
  parts->characters.assign(kBasicPlane, kNoRow);
  size_t grams = 0;  // keys rise, and those of signals are the greatest
  for (size_t row = 0; row < rows; ++row) {
    const FeatureKey key = data->keys[row];
    std::copy_n(data->weights.begin() + static_cast<ptrdiff_t>(row * data->margins()),
                data->margins(),
                parts->weights.begin() + static_cast<ptrdiff_t>(row * parts->stride));
    if (key < kBasicPlane) {
      parts->characters[key] = static_cast<uint32_t>(row);
    }
    size_t slot = SlotOf(key, parts->mask);
    while (parts->slots[slot].row != kNoRow) {
      slot = (slot + 1) & parts->mask;
    }
    parts->slots[slot] = {key, static_cast<uint32_t>(row), data->values[row]};
    grams = IsSignal(key) ? grams : row + 1;
  }
  parts->followers.assign(grams, 0);
  constexpr FeatureKey kCharacter = (FeatureKey{1} << kCharacterBits) - 1;
  for (size_t row = 0; row < grams; ++row) {
    const FeatureKey key = data->keys[row];
    if (key <= kCharacter) {
      continue;
    }
    if (const uint32_t before = parts->RowOf(key >> kCharacterBits); before != kNoRow) {
      parts->followers[before] |= BitOf(static_cast<char32_t>(key & kCharacter));
    }
  }
  data->weights.clear();
  data->weights.shrink_to_fit();
  parts->data = *std::move(data);
  return std::shared_ptr<const Model>(new Model(std::move(parts)));
}

const std::vector<std::string>& Model::classes() const { return parts_->data.classes; }
std::string_view Model::version() const { return parts_->version; }
float Model::review_below() const { return parts_->data.review_below; }

// Finds the rows that occur, each once, with how often: first those of n-grams from left to right,
// then those of signals. Returns how many are n-grams.
size_t Model::Collect(const Features& features, Workspace* workspace) const {
  const Parts& parts = *parts_;
  std::vector<uint32_t>& places = workspace->places;
  if (places.size() < parts.data.keys.size()) {
    places.resize(parts.data.keys.size(), 0);
  }
  const size_t characters = features.characters.size();
  const size_t most = Features::kLongestGram * characters;
  // What is written below is bounded by these; it is cut to what was written at the end.
  if (workspace->grams.size() < most) {
    workspace->grams.resize(most);
  }
  if (workspace->touched.size() < most + features.signals.size()) {
    workspace->touched.resize(most + features.signals.size());
  }
  Workspace::Gram* gram = workspace->grams.data();
  Workspace::Touched* const touched = workspace->touched.data();
  size_t rows = 0;
  const auto touch = [&](uint32_t row, size_t length) {
    uint32_t& place = places[row];
    if (place == 0) {
      touched[rows].row = row;
      touched[rows].count = 0;
      touched[rows].strength = parts.data.values[row];
      touched[rows].length = static_cast<uint32_t>(length);
      place = static_cast<uint32_t>(++rows);
    }
    return place - 1;
  };

  // An n-gram is in the vocabulary only when the one it begins with is, so a miss ends the walk.
  const char32_t* const text = features.characters.data();
  for (size_t first = 0; first < characters; ++first) {
    FeatureKey key = text[first];
    uint32_t row = parts.RowOf(key);
    const size_t end = std::min(first + Features::kLongestGram, characters);
    for (size_t last = first + 1; row != kNoRow; ++last) {
      const uint32_t place = touch(row, last - first);
      ++touched[place].count;
      *gram++ = {place, static_cast<uint32_t>(first)};
      if (last == end || (parts.followers[row] & BitOf(text[last])) == 0) {
        break;
      }
      key = key << kCharacterBits | text[last];
      row = parts.Find(key);
    }
  }
  workspace->gram_count = static_cast<size_t>(gram - workspace->grams.data());
  const size_t grams = rows;
  workspace->signals.clear();
  for (const Features::Signal& signal : features.signals) {
    const uint32_t row = parts.Find(signal.key);
    if (row != kNoRow && places[row] == 0) {
      const uint32_t place = touch(row, 0);
      workspace->signals.push_back({place, signal.begin, signal.end});
    }
  }
  for (size_t i = 0; i < rows; ++i) {
    places[touched[i].row] = 0;
  }
  workspace->touched_count = rows;
  return grams;
}

void Model::Score(const Features& features, Workspace* workspace, float* probabilities) const {
  const ModelData& data = parts_->data;
  const size_t stride = parts_->stride;
  const size_t grams = Collect(features, workspace);
  Workspace::Touched* const touched = workspace->touched.data();
  const size_t rows = workspace->touched_count;

  // The n-grams' part of the vector has length one; the signals' values are what they are.
  float squares = 0;
  for (size_t i = 0; i < grams; ++i) {
    float& strength = touched[i].strength;
    if (touched[i].count > 1) {
      strength *= 1 + std::log(static_cast<float>(touched[i].count));
    }
    squares += strength * strength;
  }
  const float norm = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (size_t i = 0; i < grams; ++i) {
    touched[i].strength *= norm;
  }

  std::vector<float>& margins = workspace->margins;
  margins.resize(stride);
  for (size_t lane = 0; lane < stride; lane += kLane) {
    Lane sums = {};
    for (size_t i = 0; i < rows; ++i) {
      const Lane weights =
          Widen(LoadBytes(parts_->weights.data() + touched[i].row * stride + lane));
      const float strength = touched[i].strength;
      sums.a += strength * weights.a;
      sums.b += strength * weights.b;
      sums.c += strength * weights.c;
      sums.d += strength * weights.d;
    }
    std::memcpy(margins.data() + lane, &sums, sizeof(sums));
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

// The weight of each row that occurs for `klass` rather than `rival`: the logits are linear in the
// margins. Four rows at a time, each summed in the order of its margins.
void Model::WeighRows(size_t klass, size_t rival, Workspace* workspace) const {
  const ModelData& data = parts_->data;
  const size_t stride = parts_->stride;
  std::vector<float>& direction = workspace->direction;
  direction.assign(stride, 0);
  for (size_t m = 0; m < data.margins(); ++m) {
    direction[m] =
        (data.logits[klass * data.margins() + m] - data.logits[rival * data.margins() + m]) *
        data.steps[m];
  }
  Workspace::Touched* const touched = workspace->touched.data();
  const size_t rows = workspace->touched_count;
  for (size_t i = 0; i < rows; i += kFloats) {
    const int8_t* from[kFloats];
    for (size_t k = 0; k < kFloats; ++k) {
      from[k] = parts_->weights.data() + touched[std::min(i + k, rows - 1)].row * stride;
    }
    Floats sums = {};
    for (size_t lane = 0; lane < stride; lane += kLane) {
      const Bytes a = LoadBytes(from[0] + lane);
      const Bytes b = LoadBytes(from[1] + lane);
      const Bytes c = LoadBytes(from[2] + lane);
      const Bytes d = LoadBytes(from[3] + lane);
      const auto add = [&](Shorts margins, const float* by) {  // four margins, each of four rows
        const Lane weights = Widen(reinterpret_cast<Bytes>(margins));
        sums += by[0] * weights.a;
        sums += by[1] * weights.b;
        sums += by[2] * weights.c;
        sums += by[3] * weights.d;
      };
      const float* const by = direction.data() + lane;
      const auto low_ab = reinterpret_cast<Shorts>(LowBytes(a, b));
      const auto low_cd = reinterpret_cast<Shorts>(LowBytes(c, d));
      const auto high_ab = reinterpret_cast<Shorts>(HighBytes(a, b));
      const auto high_cd = reinterpret_cast<Shorts>(HighBytes(c, d));
      add(LowShorts(low_ab, low_cd), by);
      add(HighShorts(low_ab, low_cd), by + kFloats);
      add(LowShorts(high_ab, high_cd), by + 2 * kFloats);
      add(HighShorts(high_ab, high_cd), by + 3 * kFloats);
    }
    for (size_t k = 0; k < kFloats && i + k < rows; ++k) {
      touched[i + k].weight = sums[k] * touched[i + k].strength;
    }
  }
}

std::vector<Model::Contribution> Model::Explain(const Features& features, size_t klass,
                                                size_t rival, size_t most,
                                                Workspace* workspace) const {
  WeighRows(klass, rival, workspace);
  Workspace::Touched* const touched = workspace->touched.data();
  // A row that occurs n times gives each place an n-th, and each of its characters an equal share.
  for (size_t i = 0; i < workspace->touched_count; ++i) {
    if (touched[i].length == 0) {
      break;  // signals stand at the end
    }
    touched[i].share = touched[i].weight / static_cast<float>(touched[i].count) /
                       static_cast<float>(touched[i].length);
  }
  std::vector<float>& characters = workspace->characters;
  characters.assign(features.characters.size(), 0);
  for (size_t i = 0; i < workspace->gram_count; ++i) {
    const Workspace::Gram& gram = workspace->grams[i];
    const Workspace::Touched& row = touched[gram.place];
    for (uint32_t k = 0; k < row.length; ++k) {
      characters[gram.first + k] += row.share;
    }
  }
  std::vector<uint32_t>& numbers = workspace->numbers;  // of the character that begins at a byte
  numbers.resize(features.offsets.back() + 1);
  uint32_t byte = 0;
  for (uint32_t i = 0; i < features.offsets.size(); ++i) {
    for (; byte <= features.offsets[i]; ++byte) {
      numbers[byte] = i;
    }
  }
  for (const Workspace::Signal& signal : workspace->signals) {
    if (signal.begin < signal.end) {
      const uint32_t first = numbers[signal.begin];
      const uint32_t last = numbers[signal.end];
      const float share = touched[signal.place].weight / static_cast<float>(last - first);
      for (uint32_t i = first; i < last; ++i) {
        characters[i] += share;
      }
    }
  }

  // Runs of characters that speak for the class, cut where they grow too long to be read.
  std::vector<Contribution>& places = workspace->places_found;
  places.clear();
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
  return {places.begin(), places.begin() + static_cast<ptrdiff_t>(kept)};
}

}  // namespace supervision::classification
