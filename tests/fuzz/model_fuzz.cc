#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "services/base/hash.h"
#include "services/classification/model/model.h"

// A model's file trusts nothing: any bytes give a refusal or a model whose answers are numbers. The
// checksum is made right first, since no fuzzer guesses one; then the body is what is tried.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using supervision::classification::Features;
  using supervision::classification::Model;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)Model::Load(bytes);
  const auto digest = supervision::base::Sha256(bytes);
  bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  const auto model = Model::Load(bytes);
  if (!model.ok()) return 0;
  Features features;
  features.characters = U"甲乙甲乙丙";
  features.offsets = {0, 3, 6, 9, 12, 15};
  Model::Workspace workspace;
  std::vector<float> probabilities((*model)->classes().size());
  (*model)->Score(features, &workspace, probabilities.data());
  for (const float p : probabilities) {
    if (!(p >= 0 && p <= 1)) std::abort();
  }
  for (const auto& place : (*model)->Explain(features, 0, 1, 3, &workspace)) {
    if (place.begin >= place.end || place.end > features.offsets.back()) std::abort();
  }
  return 0;
}
