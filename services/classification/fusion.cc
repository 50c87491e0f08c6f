#include "services/classification/fusion.h"

#include <algorithm>
#include <cmath>

namespace supervision::classification {
namespace {

constexpr size_t kOut = static_cast<size_t>(domain::Scenario::kOutOfScope);
// How much likelier an instrument that the partner names makes its class. Not certain: partners
// give numbers of other cases too.
constexpr float kInstrumentOdds = 30;
// A text is judged out of scope from this probability only: below, the classes in scope are
// together far likelier, though each for itself is not.
constexpr float kOutFrom = 0.35F;

}  // namespace

Standing Weigh(const FusionInput& input, const Opinion& opinion) {
  Standing standing;
  standing.instrument = input.instrument;
  std::array<float, kScenarioPlaces>& p = standing.shares;
  p = opinion.probabilities;
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
  standing.winner = best;
  standing.second = second;
  if (p[kOut] >= p[best] && p[kOut] >= kOutFrom) {
    standing.winner = kOut;
    standing.second = best;
  }
  return standing;
}

void Fuse(const FusionInput& input, const Opinion& opinion, domain::Verdict* verdict) {
  const Standing standing = Weigh(input, opinion);
  verdict->scenario = static_cast<domain::Scenario>(standing.winner);
  verdict->confidence = standing.shares[standing.winner];
  if (standing.shares[standing.second] >= input.secondary_from) {
    verdict->secondary = static_cast<domain::Scenario>(standing.second);
  }
  verdict->needs_review = verdict->confidence < opinion.review_below;
}

}  // namespace supervision::classification
