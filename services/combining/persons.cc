#include "services/combining/persons.h"

#include <algorithm>

namespace supervision::combining {

bool Persons::Add(const Facts& clue) {
  const domain::MatterKeys* const keys = clue.matter.get();
  const auto same = std::find_if(matters_.begin(), matters_.end(), [&](const Matter& matter) {
    return keys != nullptr && matter.keys != nullptr && domain::AreNear(*matter.keys, *keys);
  });
  if (same == matters_.end()) {
    matters_.push_back({keys, clue.persons});
    total_ += clue.persons;
    return true;
  }
  if (clue.persons <= same->persons) return false;
  total_ += clue.persons - same->persons;
  same->persons = clue.persons;
  return true;
}

}  // namespace supervision::combining
