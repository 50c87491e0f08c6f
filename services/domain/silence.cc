#include "services/domain/silence.h"

#include <algorithm>

namespace supervision::domain {
namespace {

bool IsMarked(const Facets& facets, const std::string& silence_id) {
  return std::any_of(facets.silences.begin(), facets.silences.end(),
                     [&](const SilenceMark& mark) { return mark.silence_id == silence_id; });
}

}  // namespace

bool IsActive(const Silence& silence, absl::Time at) {
  return silence.created_at <= at && at < silence.ends_at;
}

bool IsAbout(const Silence& silence, std::string_view alert_id, const Facets& facets) {
  if (!silence.alert_id.empty() && silence.alert_id != alert_id) return false;
  return Sees(silence.scope, facets) && Matches(silence.matcher, facets);
}

bool Hides(const Silence& silence, const Alert& alert, const Alert* before) {
  if (alert.facets.risk > silence.hides_up_to) return false;
  if (before == nullptr) return true;
  if (alert.facets.risk > before->facets.risk) return false;
  return IsMarked(before->facets, silence.id) || silence.created_at > before->raised_at;
}

bool HiddenFrom(const std::vector<SilenceMark>& marks, std::string_view principal) {
  return std::any_of(marks.begin(), marks.end(), [&](const SilenceMark& mark) {
    return std::find(mark.receivers.begin(), mark.receivers.end(), principal) !=
           mark.receivers.end();
  });
}

bool Covers(const Scope& outer, const Scope& inner) {
  if (!outer.partner.empty() && outer.partner != inner.partner) return false;
  if (outer.scenarios.any() &&
      (inner.scenarios.none() || (inner.scenarios & ~outer.scenarios).any())) {
    return false;
  }
  if (outer.regions.empty()) return true;
  return !inner.regions.empty() &&
         std::all_of(inner.regions.begin(), inner.regions.end(), [&](const std::string& region) {
           return std::any_of(outer.regions.begin(), outer.regions.end(),
                              [&](const std::string& prefix) {
                                return region.compare(0, prefix.size(), prefix) == 0;
                              });
         });
}

}  // namespace supervision::domain
