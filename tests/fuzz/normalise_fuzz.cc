// Any bytes through the text normaliser, the reference scanner and the promises they make.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "services/classification/normaliser.h"
#include "services/classification/references.h"
#include "services/classification/utf8.h"

namespace {

void Require(bool held) {
  if (!held) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using supervision::classification::Normaliser;
  static const Normaliser* const normaliser = Normaliser::Create().value().release();
  const std::string_view original(reinterpret_cast<const char*>(data), size);
  supervision::classification::NormalisedText out;
  normaliser->Append(original, &out);
  Require(out.begin.size() == out.text.size() && out.end.size() == out.text.size());
  Require(out.text.size() <= size * Normaliser::kMaxGrowth);
  const size_t points = supervision::classification::CountCodePoints(original);
  for (size_t i = 0; i < out.text.size(); ++i) {
    Require(out.begin[i] < out.end[i] && out.end[i] <= points);
    Require(i == 0 || out.begin[i - 1] <= out.begin[i]);
  }
  Require(normaliser->Normalise(out.text) == out.text);

  supervision::classification::ReferenceScanner scanner;
  std::vector<supervision::classification::Reference> found;
  scanner.Find(out.text, &found);
  for (const auto& reference : found) {
    Require(reference.begin < reference.end && reference.end <= out.text.size());
    Require(reference.value >= 0);
  }
  return 0;
}
