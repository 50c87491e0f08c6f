#pragma once

#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "services/combining/common.h"
#include "services/combining/firing.h"
#include "services/combining/group_key.h"
#include "services/combining/route.h"
#include "services/combining/wording.h"

namespace supervision::combining {

// Begins the alert of a route about the members [first, last), which are not none.
template <typename Iterator>
Firing About(const Route& route, const GroupKey& key, const std::string& digest,
             domain::AlertKind kind, Iterator first, Iterator last, domain::AlertGroup* group) {
  Firing firing;
  Common common;
  for (Iterator member = first; member != last; ++member) common.Add(*member->facts);
  group->route = route.id;
  group->title_zh = route.title_zh;
  group->title_en = route.title_en;
  group->key = ShownOf(key);
  group->digest = digest;
  group->total = std::distance(first, last);
  group->from = first->at;
  group->to = std::prev(last)->at;
  for (Iterator member = last; member != first && group->members.size() < domain::kMostMembers;) {
    --member;
    group->members.push_back(member->clue_id);
  }
  domain::Alert& alert = firing.alert;
  alert.kind = kind;
  alert.facets = common.facets();
  if (route.risk.has_value()) alert.facets.risk = *route.risk;
  alert.problem_codes = common.problems();
  alert.confidence = 1;
  alert.received_at = group->from;
  return firing;
}

// Puts what is said of the group into its alert.
inline void Finish(domain::AlertGroup group, absl::Time due, Firing* firing) {
  group.due_at = due;
  firing->alert.title = TitleOf(group);
  firing->alert.group = std::make_shared<const domain::AlertGroup>(std::move(group));
}

}  // namespace supervision::combining
