#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/combining/common.h"
#include "services/combining/route.h"
#include "services/domain/alert_group.h"

namespace supervision::combining {

// What clues of one group have in common.
struct KeyPart {
  std::string name;
  std::string value;
  std::string shown;  // as people call it: of an organ's credit code the name in the newest clue
  bool operator==(const KeyPart& other) const { return name == other.name && value == other.value; }
};
using GroupKey = std::vector<KeyPart>;

// "scenario", "unit", "region" or "problem".
std::string_view NameOf(GroupBy by);

// By what organs are told apart: the credit code, else the name; empty: none is named.
const std::string& UnitOf(const domain::Facets& facets);

// Organs that are counted. Partners differ in whether they give a code: a name alone is the organ
// that has it with a code in another of the clues that are counted.
class Organs {
 public:
  // Before any is asked for.
  void Add(const domain::Facets& facets);
  // What tells the organ from the others; empty: none is named.
  const std::string& Of(const domain::Facets& facets) const;

 private:
  std::unordered_map<std::string, std::string> codes_;  // by name
};

// The keys of every group that a clue belongs to: one, or one for each of its problems; none when
// it lacks a part.
std::vector<GroupKey> KeysOf(const std::vector<GroupBy>& by, size_t region_digits,
                             const Facts& facts);

// The parts of `key` that `by` names, in its order.
GroupKey PartsOf(const GroupKey& key, const std::vector<GroupBy>& by);

// As an alert shows it.
std::vector<domain::AlertGroup::KeyPart> ShownOf(const GroupKey& key);

// Names a group of a route.
std::string DigestOf(const Route& route, const GroupKey& key);

}  // namespace supervision::combining
