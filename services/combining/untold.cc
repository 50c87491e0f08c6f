#include "services/combining/untold.h"

namespace supervision::combining {

// What belongs together hangs on no single entry.
void Untold::Add(const Firing& firing) {
  if (firing.position > 0) positions_[firing.partition].insert(firing.position);
  since_.insert(firing.since);
}

void Untold::Remove(const Firing& firing) {
  if (firing.position > 0) {
    std::multiset<int64_t>& positions = positions_[firing.partition];
    positions.erase(positions.find(firing.position));
  }
  since_.erase(since_.find(firing.since));
}

void Untold::Clear() {
  positions_.clear();
  since_.clear();
}

std::optional<int64_t> Untold::First(int partition) const {
  const auto positions = positions_.find(partition);
  if (positions == positions_.end() || positions->second.empty()) return std::nullopt;
  return *positions->second.begin();
}

absl::Time Untold::since() const {
  return since_.empty() ? absl::InfiniteFuture() : *since_.begin();
}

}  // namespace supervision::combining
