#include <algorithm>
#include <cstring>

#include "services/classification/model/lanes.h"
#include "services/classification/model/model.h"
#include "services/classification/model/tables.h"

// What spoke for one class rather than another, and where in the text.

namespace supervision::classification {
namespace {

constexpr size_t kLongestPlace = 24;  // characters of one place that Explain returns

}  // namespace

// What each row that occurs adds for `klass` rather than `rival`: the logits are linear in the
// margins.
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
  const size_t rows = workspace->touched_count;
  float* const added = workspace->added.data();
  parts_->lanes.sum_each(workspace->weights.data(), rows, direction.data(), stride, added);
  for (size_t i = 0; i < rows; ++i) {
    added[i] *= workspace->strengths[i];
  }
}

// What the n-grams give each character of a text, in the order in which they come from left to
// right. A row that occurs n times gives each place an n-th, and each of its characters an equal
// share.
void Model::ShareOut(size_t characters, Workspace* workspace) const {
  float* const added = workspace->added.data();
  DivideTwice(workspace->counts.data(), workspace->lengths.data(), workspace->gram_rows, added);
  workspace->characters.resize(characters);
  float* const sums = workspace->characters.data();
  static_assert(Features::kLongestGram == 3);
  const uint32_t* gram = workspace->grams.data();  // those that begin two characters before
  for (size_t i = 0; i < characters; ++i, gram += Features::kLongestGram) {
    float sum = added[gram[2]];
    sum += added[gram[4]];
    sum += added[gram[5]];
    sum += added[gram[6]];
    sum += added[gram[7]];
    sum += added[gram[8]];
    sums[i] = sum;
  }
}

std::vector<Model::Contribution> Model::Explain(const Features& features, size_t klass,
                                                size_t rival, size_t most,
                                                Workspace* workspace) const {
  WeighRows(klass, rival, workspace);
  return PlacesOf(features, most, workspace);
}

std::vector<Model::Contribution> Model::ExplainProblem(const Features& features, size_t klass,
                                                       std::string_view code, size_t most,
                                                       Workspace* workspace) const {
  const ProblemHeads& heads = parts_->problems[klass];
  size_t head = 0;
  while (head < heads.size() && heads.code(head) != code) ++head;
  if (head == heads.size()) return {};
  for (size_t i = 0; i < workspace->touched_count; ++i) {
    workspace->added[i] = workspace->strengths[i] * heads.WeightOf(head, workspace->touched[i]);
  }
  return PlacesOf(features, most, workspace);
}

std::vector<Model::Contribution> Model::PlacesOf(const Features& features, size_t most,
                                                 Workspace* workspace) const {
  ShareOut(features.characters.size(), workspace);
  std::vector<float>& characters = workspace->characters;
  std::vector<uint32_t>& numbers = workspace->numbers;  // of the character that begins at a byte
  // Four at once, which is as many bytes as a character has; what is too much is written over.
  constexpr uint32_t kAtOnce = 4;
  numbers.resize(features.offsets.back() + 1 + kAtOnce);
  uint32_t byte = 0;
  for (uint32_t i = 0; i < features.offsets.size(); ++i) {
    const uint32_t four[kAtOnce] = {i, i, i, i};
    std::memcpy(numbers.data() + byte, four, sizeof(four));
    for (byte += kAtOnce; byte <= features.offsets[i]; ++byte) {  // a number
      numbers[byte] = i;
    }
    byte = features.offsets[i] + 1;
  }
  for (size_t i = 0; i < workspace->signal_count; ++i) {
    const Workspace::Signal& signal = workspace->signals[i];
    if (signal.begin < signal.end) {
      const uint32_t last = numbers[signal.end];
      const uint32_t first =
          std::min(numbers[signal.begin], last - 1);  // within a number: all of it
      const float share = workspace->added[signal.place] / static_cast<float>(last - first);
      for (uint32_t k = first; k < last; ++k) {
        characters[k] += share;
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
