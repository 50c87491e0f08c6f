#include "services/classification/model/model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <new>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/hash.h"
#include "services/base/hex.h"
#include "services/classification/model/format.h"
#include "services/classification/model/lanes.h"
#include "services/classification/model/tables.h"

namespace supervision::classification {
namespace {

constexpr size_t kVersionDigestBytes = 6;
constexpr size_t kRoom = 3;  // places of the table of rows, for each row

// The numbers of the rows, those that most texts hold first: the values of n-grams rise with how
// seldom they are.
std::vector<uint32_t> CommonFirst(const std::vector<float>& values) {
  std::vector<uint32_t> numbers(values.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  std::stable_sort(numbers.begin(), numbers.end(),
                   [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
  return numbers;
}

// What the strength of an n-gram grows by when it comes so often.
float Repeated(uint32_t count) {
  static const auto kFew = [] {
    std::array<float, 32> few;
    for (size_t i = 0; i < few.size(); ++i) {
      few[i] = i < 2 ? 1 : 1 + std::log(static_cast<float>(i));
    }
    return few;
  }();
  return count < kFew.size() ? kFew[count] : 1 + std::log(static_cast<float>(count));
}

}  // namespace

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
  const auto rows = static_cast<uint32_t>(data->keys.size());
  parts->stride = (data->margins() + Lanes::kWidth - 1) / Lanes::kWidth * Lanes::kWidth;
  const size_t row_bytes = sizeof(RowTable::Row) + parts->stride;
  const size_t places = std::bit_ceil(kRoom * size_t{rows} + 2);
  parts->rows.resize((places + 1) * row_bytes);
  parts->table = RowTable(parts->rows.data(), row_bytes, places);
  RowTable& table = parts->table;
  for (uint32_t place = 0; place <= places; ++place) {
    new (&table.HeadOf(place)) RowTable::Row{};
  }
  constexpr FeatureKey kCharacter = (FeatureKey{1} << kCharacterBits) - 1;
  std::vector<uint32_t> place_of(rows);
  for (const uint32_t i : CommonFirst(data->values)) {
    const FeatureKey key = data->keys[i];
    const uint32_t row = table.RoomFor(key);
    place_of[i] = row;
    new (&table.HeadOf(row)) RowTable::Row{key, data->values[i], 0};
    std::memcpy(table.WeightsOf(row), data->weights.data() + i * data->margins(), data->margins());
  }
  for (const FeatureKey key : data->keys) {
    if (key <= kCharacter || IsSignal(key)) continue;
    const uint32_t shorter = table.Find(key >> kCharacterBits);
    if (shorter == table.none()) continue;
    table.HeadOf(shorter).followers |= uint32_t{1}
                                       << NumberOf(static_cast<char32_t>(key & kCharacter));
  }
  for (uint32_t klass = 0; klass < data->classes.size(); ++klass) {
    std::vector<const ProblemSeparator*> separators;
    for (const ProblemSeparator& one : data->problems) {
      if (one.klass == klass) separators.push_back(&one);
    }
    parts->problems.emplace_back(separators, place_of, places);
  }
  std::vector<ProblemSeparator>().swap(data->problems);
  std::vector<FeatureKey>().swap(data->keys);  // they lie in the tables now
  std::vector<float>().swap(data->values);
  std::vector<int8_t>().swap(data->weights);
  parts->data = *std::move(data);
  return std::shared_ptr<const Model>(new Model(std::move(parts)));
}

const std::vector<std::string>& Model::classes() const { return parts_->data.classes; }
std::string_view Model::version() const { return parts_->version; }
float Model::review_below() const { return parts_->data.review_below; }

void Model::Score(const Features& features, Workspace* workspace, float* probabilities) const {
  const ModelData& data = parts_->data;
  const size_t stride = parts_->stride;
  Collect(features, workspace);
  const RowTable table = parts_->table;
  const size_t grams = workspace->gram_rows;
  const size_t rows = workspace->touched_count;
  const uint32_t* const touched = workspace->touched.data();
  float* const strengths = workspace->strengths.data();
  const int8_t** const weights = workspace->weights.data();
  for (size_t i = 0; i < rows; ++i) {
    strengths[i] = table.HeadOf(touched[i]).value;
    weights[i] = table.WeightsOf(touched[i]);
  }

  // The n-grams' part of the vector has length one; the signals' values are what they are.
  float squares = 0;
  for (size_t i = 0; i < grams; ++i) {
    strengths[i] *= Repeated(workspace->counts[i]);
    squares += strengths[i] * strengths[i];
  }
  const float norm = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (size_t i = 0; i < grams; ++i) {
    strengths[i] *= norm;
  }

  std::vector<float>& margins = workspace->margins;
  margins.resize(stride);
  parts_->lanes.sum_rows(weights, strengths, rows, stride, margins.data());
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

std::span<const LearntProblem> Model::Problems(size_t klass, Workspace* workspace) const {
  const ProblemHeads& heads = parts_->problems[klass];
  std::vector<LearntProblem>& problems = workspace->problems;
  problems.clear();
  if (heads.size() == 0) return problems;
  // Which rows matter is as good as chance: the list is written one place too far, and counted on
  // only by those that do.
  const size_t touched = workspace->touched_count;
  workspace->head_places.resize(touched + 1);
  workspace->head_strengths.resize(touched + 1);
  uint32_t* const places = workspace->head_places.data();
  float* const strengths = workspace->head_strengths.data();
  size_t rows = 0;
  for (size_t i = 0; i < touched; ++i) {
    const uint32_t place = workspace->touched[i];
    places[rows] = place;
    strengths[rows] = workspace->strengths[i];
    rows += heads.Matters(place);
  }
  workspace->head_weights.resize(rows);
  const int8_t** const weights = workspace->head_weights.data();
  for (size_t i = 0; i < rows; ++i) weights[i] = heads.WeightsOf(places[i]);
  workspace->sums.resize(heads.width());
  float* const sums = workspace->sums.data();
  parts_->lanes.sum_rows(weights, strengths, rows, heads.width(), sums);
  for (size_t head = 0; head < heads.size(); ++head) {
    problems.push_back({heads.code(head), heads.Probability(head, sums[head])});
  }
  std::sort(problems.begin(), problems.end(), [](const LearntProblem& a, const LearntProblem& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.code < b.code;
  });
  return problems;
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

}  // namespace supervision::classification
