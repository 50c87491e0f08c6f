#include "services/classification/fusion.h"

#include <algorithm>
#include <cmath>

namespace supervision::classification {
namespace {

constexpr size_t kOut = static_cast<size_t>(domain::Scenario::kOutOfScope);
// How much likelier an instrument that the partner names makes its class. Not certain: partners
// give numbers of other cases too.
constexpr float kInstrumentOdds = 30;

}  // namespace

void Fuse(const FusionInput& input, const Opinion& opinion, domain::Verdict* verdict) {
  std::array<float, kScenarioPlaces> p = opinion.probabilities;
  float sum = 0;
  for (size_t i = 1; i < kScenarioPlaces; ++i) {
    if (input.instrument[i]) {
      p[i] *= kInstrumentOdds;
    }
    sum += p[i];
  }
  for (float& value : p) {
    value /= sum;
  }

  size_t best = 1;
  for (size_t i = 2; i < kOut; ++i) {
    if (p[i] > p[best]) {
      best = i;
    }
  }
  const float tied_from = p[best] * std::exp(-input.tie_margin);
  for (size_t i = 1; i < kOut; ++i) {
    if (p[i] >= tied_from && input.rank[i] < input.rank[best]) {
      best = i;
    }
  }
  size_t second = 0;  // the likeliest of the other ten
  for (size_t i = 1; i < kOut; ++i) {
    if (i != best && (second == 0 || p[i] > p[second])) {
      second = i;
    }
  }
  size_t winner = best;
  if (p[kOut] >= p[best]) {
    winner = kOut;
    second = best;
  }
  verdict->scenario = static_cast<domain::Scenario>(winner);
  verdict->confidence = p[winner];
  if (p[second] >= input.secondary_from) {
    verdict->secondary = static_cast<domain::Scenario>(second);
  }
  verdict->needs_review = p[winner] < opinion.review_below;
}

}  // namespace supervision::classification
