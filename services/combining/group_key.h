#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/combining/common.h"
#include "services/combining/route.h"
#include "services/domain/alert_group.h"

namespace supervision::combining {

// What clues of one group have in common, part by part.
using GroupKey = std::vector<domain::AlertGroup::KeyPart>;

// "scenario", "unit", "region" or "problem".
std::string_view NameOf(GroupBy by);

// By what organs are told apart: the name, else the credit code; empty: none is named.
const std::string& UnitOf(const domain::Facets& facets);

// The keys of every group that a clue belongs to: one, or one for each of its problems; none when
// it lacks a part.
std::vector<GroupKey> KeysOf(const std::vector<GroupBy>& by, size_t region_digits,
                             const Facts& facts);

// The parts of `key` that `by` names, in its order.
GroupKey PartsOf(const GroupKey& key, const std::vector<GroupBy>& by);

// Names a group of a route.
std::string DigestOf(const Route& route, const GroupKey& key);

}  // namespace supervision::combining
