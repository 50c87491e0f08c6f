#include "services/alerting/tail_ring.h"

#include <algorithm>

namespace supervision::alerting {
namespace {

// An entry costs its stored bytes once decoded and once encoded, and what holds it together.
size_t CostOf(const ledger::LogEntry& entry) {
  constexpr size_t kOverhead = 512;
  return 2 * entry.bytes + kOverhead;
}

}  // namespace

TailRing::TailRing(size_t max_entries, size_t max_bytes)
    : max_entries_(max_entries), max_bytes_(max_bytes) {
  RenewEndPlace();
}

std::vector<int64_t> TailRing::told() const {
  std::vector<int64_t> told;
  told.reserve(partitions_.size());
  for (const Partition& partition : partitions_)
    told.push_back(std::max<int64_t>(0, partition.told));
  return told;
}

void TailRing::Append(int partition, absl::Span<const ledger::LogEntryPtr> entries,
                      absl::Duration now) {
  Grow(partition + 1);
  Partition& own = partitions_[partition];
  for (const ledger::LogEntryPtr& entry : entries) {
    if (own.known && entry->position <= own.told) continue;
    if (!own.known) {
      own.known = true;
      own.base = own.told = entry->position - 1;
      RenewEndPlace();
    } else if (entry->position != own.told + 1) {
      Empty();
      own.base = own.told = entry->position - 1;
      RenewEndPlace();
      ++generation_;
    }
    slots_.push_back({std::make_shared<TailEntry>(entry, now), end_place_});
    bytes_ += CostOf(*entry);
    own.told = entry->position;
    RenewEndPlace();
  }
  while (slots_.size() > max_entries_ || (bytes_ > max_bytes_ && !slots_.empty())) PopFront();
}

bool TailRing::Learn(const ledger::Place& place, std::optional<int> partition) {
  Grow(place.positions.size());
  bool learned = false;
  for (size_t i = 0; i < place.positions.size(); ++i) {
    if (partition.has_value() && static_cast<size_t>(*partition) != i) continue;
    Partition& own = partitions_[i];
    if (!own.known) {
      own.known = true;
      own.base = own.told = place.positions[i];
      learned = true;
    }
    if (own.epoch == 0) {
      own.epoch = place.epochs[i];
      learned = true;
    }
  }
  if (learned) RenewEndPlace();
  return learned;
}

void TailRing::BeginEpoch(int partition, int64_t epoch, int64_t first) {
  Grow(partition + 1);
  Empty();
  Partition& own = partitions_[partition];
  own.known = true;
  own.epoch = epoch;
  own.base = own.told = first - 1;
  own.begun.emplace_back(epoch, first);
  RenewEndPlace();
  ++generation_;
}

bool TailRing::SkipTo(const ledger::Place& place) {
  bool skipped = false;
  const size_t partitions = std::min(partitions_.size(), place.positions.size());
  for (size_t i = 0; i < partitions; ++i) {
    Partition& own = partitions_[i];
    if (own.epoch != 0 && own.epoch != place.epochs[i]) continue;  // news of it is on the way
    if (!own.known || own.told >= place.positions[i]) continue;
    if (!skipped) Empty();
    own.base = own.told = place.positions[i];
    skipped = true;
  }
  if (!skipped) return false;
  RenewEndPlace();
  ++generation_;
  return true;
}

bool TailRing::AdoptEpochs(ledger::Place* place) const {
  const size_t partitions = std::min(partitions_.size(), place->positions.size());
  for (size_t i = 0; i < partitions; ++i) {
    for (const auto& [epoch, first] : partitions_[i].begun) {
      if (epoch > place->epochs[i] && place->positions[i] >= first) return false;
    }
    place->epochs[i] = std::max(place->epochs[i], partitions_[i].epoch);
  }
  return true;
}

bool TailRing::Covers(const ledger::Place& place) const {
  if (place.positions.size() != partitions_.size()) return false;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const Partition& own = partitions_[i];
    const int64_t position = place.positions[i];
    if (!own.known || own.epoch == 0 || own.epoch != place.epochs[i]) return false;
    if (position < own.base || position > own.told) return false;
  }
  return true;
}

std::optional<int> TailRing::Lacks(const ledger::Place& place, int hint) const {
  const int partitions = static_cast<int>(place.positions.size());
  for (int step = 0; step < partitions; ++step) {
    const int i = (hint + step) % partitions;
    if (i >= static_cast<int>(partitions_.size())) return i;
    const Partition& partition = partitions_[i];
    const bool later_epoch = partition.epoch != 0 && place.epochs[i] > partition.epoch;
    if (!partition.known || place.positions[i] < partition.base || later_epoch) return i;
  }
  return std::nullopt;
}

uint64_t TailRing::IndexOf(const ledger::Place& place) const {
  const auto behind = [&](uint64_t index) {
    const std::vector<int64_t>& positions = PlaceAt(index)->place().positions;
    const size_t partitions = std::min(positions.size(), place.positions.size());
    for (size_t i = 0; i < partitions; ++i) {
      if (positions[i] > place.positions[i]) return true;
    }
    return false;
  };
  uint64_t low = begin();  // not behind
  uint64_t high = end();
  while (low < high) {
    const uint64_t middle = low + (high - low + 1) / 2;
    if (behind(middle)) {
      high = middle - 1;
    } else {
      low = middle;
    }
  }
  return low;
}

void TailRing::Grow(size_t partitions) {
  if (partitions > partitions_.size()) partitions_.resize(partitions);
}

void TailRing::Empty() {
  begin_ = end();
  slots_.clear();
  bytes_ = 0;
  for (Partition& partition : partitions_) partition.base = partition.told;
}

void TailRing::PopFront() {
  const ledger::LogEntry& entry = slots_.front().entry->entry();
  partitions_[entry.partition].base = entry.position;
  bytes_ -= CostOf(entry);
  slots_.pop_front();
  ++begin_;
}

void TailRing::RenewEndPlace() {
  ledger::Place place;
  place.epochs.reserve(partitions_.size());
  place.positions.reserve(partitions_.size());
  for (const Partition& partition : partitions_) {
    place.epochs.push_back(partition.epoch);
    place.positions.push_back(partition.told);
  }
  end_place_ = std::make_shared<TailPlace>(std::move(place));
}

}  // namespace supervision::alerting
