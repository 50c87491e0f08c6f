#include "services/domain/silence_index.h"

#include <algorithm>

#include "services/domain/implied.h"

namespace supervision::domain {
namespace {

// A shorter prefix is of a whole province: a partner or a class says more.
constexpr size_t kTellingRegion = 4;

bool Older(const Silence* a, const Silence* b) {
  return a->created_at != b->created_at ? a->created_at < b->created_at : a->id < b->id;
}

}  // namespace

SilenceIndex::SilenceIndex(std::vector<SilencePtr> silences)
    : all_(std::move(silences)), size_(all_.size()) {
  for (const SilencePtr& silence : all_) Add(silence);
  for (const auto& [prefix, list] : regions_) {
    if (std::find(region_lengths_.begin(), region_lengths_.end(), prefix.size()) ==
        region_lengths_.end()) {
      region_lengths_.push_back(prefix.size());
    }
  }
}

void SilenceIndex::Add(const SilencePtr& silence) {
  if (!silence->alert_id.empty()) return alerts_[silence->alert_id].push_back(silence);
  const Implied implied = ImpliedBy(silence->matcher);
  if (!implied.unit.empty()) return units_[implied.unit].push_back(silence);
  if (implied.region_prefix.size() >= kTellingRegion) {
    return regions_[implied.region_prefix].push_back(silence);
  }
  if (!implied.partner.empty()) return partners_[implied.partner].push_back(silence);
  if (implied.scenarios.any()) {
    for (size_t number = 0; number < implied.scenarios.size(); ++number) {
      if (implied.scenarios.test(number)) scenarios_[number].push_back(silence);
    }
    return;
  }
  others_.push_back(silence);
}

template <typename Visit>
void SilenceIndex::ForEachAbout(const Alert& alert, Visit visit) const {
  const Facets& facets = alert.facets;
  const auto ask = [&](const List& list) {
    for (const SilencePtr& silence : list) {
      if (IsAbout(*silence, alert.id, facets)) visit(*silence);
    }
  };
  const auto look_up = [&ask](const Map& map, std::string_view key) {
    if (map.empty() || key.empty()) return;
    const auto found = map.find(absl::string_view(key.data(), key.size()));
    if (found != map.end()) ask(found->second);
  };
  look_up(alerts_, alert.id);
  look_up(units_, facets.unit.name);
  if (facets.unit.credit_code != facets.unit.name) look_up(units_, facets.unit.credit_code);
  for (const size_t length : region_lengths_) {
    if (facets.region_code.size() < length) continue;
    look_up(regions_, std::string_view(facets.region_code).substr(0, length));
  }
  look_up(partners_, facets.partner);
  const auto scenario = static_cast<size_t>(facets.scenario);
  if (scenario < scenarios_.size()) ask(scenarios_[scenario]);
  ask(others_);
}

std::vector<SilenceMark> SilenceIndex::MarksOf(const Alert& alert, const Alert* before,
                                               absl::Time at) const {
  if (size_ == 0 || alert.version == 0) return {};
  std::vector<const Silence*> hiding;
  ForEachAbout(alert, [&](const Silence& silence) {
    if (IsActive(silence, at) && Hides(silence, alert, before)) hiding.push_back(&silence);
  });
  std::sort(hiding.begin(), hiding.end(), Older);
  std::vector<SilenceMark> marks;
  size_t receivers = 0;
  for (const Silence* const silence : hiding) {
    if (receivers + silence->receivers.size() > kMostReceivers) continue;
    receivers += silence->receivers.size();
    marks.push_back({silence->id, silence->receivers});
  }
  return marks;
}

}  // namespace supervision::domain
