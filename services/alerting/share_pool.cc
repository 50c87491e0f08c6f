#include "services/alerting/share_pool.h"

#include <algorithm>
#include <utility>

namespace supervision::alerting {

using ledger::EntryKey;

void SharePool::Begin(ledger::Place place, absl::Span<const EntryKey> beyond) {
  looked_at_ = std::move(place);
  open_.resize(looked_at_.positions.size());
  settled_.insert(beyond.begin(), beyond.end());
}

void SharePool::Add(absl::Span<const Delivery> deliveries, std::vector<SharedBytes> pieces,
                    const ledger::Place& place, absl::Duration now) {
  looked_at_ = place;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    const EntryKey entry{deliveries[i].partition, deliveries[i].position};
    open_[static_cast<size_t>(entry.first)].insert(entry.second);
    Insert(entry, std::move(pieces[i]), now);
  }
}

void SharePool::AddBehind(const EntryKey& entry, SharedBytes piece, absl::Duration now) {
  Insert(entry, std::move(piece), now);
}

void SharePool::Insert(const EntryKey& entry, SharedBytes piece, absl::Duration now) {
  const auto [at, added] = items_.try_emplace(entry);
  if (!added) return;
  at->second = {std::move(piece), ++next_order_, now, true, false};
  due_.emplace(now, at->second.order, entry);
}

bool SharePool::LookedAt(const EntryKey& entry) const {
  const auto p = static_cast<size_t>(entry.first);
  return p < looked_at_.positions.size() && entry.second <= looked_at_.positions[p];
}

SharedBytes SharePool::Piece(const EntryKey& entry) const {
  const auto found = items_.find(entry);
  return found == items_.end() ? nullptr : found->second.piece;
}

std::optional<EntryKey> SharePool::TakeDue(absl::Duration now) {
  if (!HasDue(now)) return std::nullopt;
  const EntryKey entry = std::get<EntryKey>(*due_.begin());
  due_.erase(due_.begin());
  items_.at(entry).queued = false;
  return entry;
}

bool SharePool::HasDue(absl::Duration now) const {
  return !due_.empty() && std::get<0>(*due_.begin()) <= now;
}

absl::Duration SharePool::next_due() const {
  return due_.empty() ? absl::InfiniteDuration() : std::get<0>(*due_.begin());
}

void SharePool::Postpone(const EntryKey& entry, absl::Duration due, bool taken) {
  const auto found = items_.find(entry);
  if (found == items_.end()) return;
  Item& item = found->second;
  if (item.queued) due_.erase({item.due, item.order, entry});
  if (taken != item.taken) taken ? ++taken_ : --taken_;
  item.taken = taken;
  item.due = due;
  item.queued = true;
  due_.emplace(due, item.order, entry);
}

void SharePool::Settle(const EntryKey& entry) {
  const auto found = items_.find(entry);
  if (found != items_.end()) Remove(found);
  // What came from behind was never kept as beyond, or is cleaned by whoever moved the place.
  if (open_[static_cast<size_t>(entry.first)].erase(entry.second) > 0) settled_.insert(entry);
}

void SharePool::Remove(Items::iterator item) {
  if (item->second.queued) due_.erase({item->second.due, item->second.order, item->first});
  if (item->second.taken) --taken_;
  items_.erase(item);
}

void SharePool::OnPlace(const ledger::Place& common) {
  for (size_t p = 0; p < open_.size() && p < common.positions.size(); ++p) {
    while (!open_[p].empty() && *open_[p].begin() <= common.positions[p]) {
      const EntryKey entry{static_cast<int>(p), *open_[p].begin()};
      open_[p].erase(open_[p].begin());
      const auto found = items_.find(entry);
      // One that is asked about or handed over has its own answer to come.
      if (found != items_.end() && found->second.queued && !found->second.taken) Remove(found);
    }
  }
}

std::optional<ledger::Place> SharePool::Proposal(const ledger::Place& common) const {
  if (looked_at_.epochs != common.epochs) return std::nullopt;
  ledger::Place place = common;
  for (size_t p = 0; p < place.positions.size(); ++p) {
    const int64_t mine = open_[p].empty()
                             ? looked_at_.positions[p]
                             : std::min(*open_[p].begin() - 1, looked_at_.positions[p]);
    place.positions[p] = std::max(place.positions[p], mine);
  }
  if (place == common) return std::nullopt;
  return place;
}

std::vector<EntryKey> SharePool::SettledBefore(const ledger::Place& place, size_t most) const {
  std::vector<EntryKey> found;
  for (size_t p = 0; p < place.positions.size(); ++p) {
    const int partition = static_cast<int>(p);
    for (auto at = settled_.lower_bound({partition, 0});
         at != settled_.end() && at->first == partition && at->second <= place.positions[p] &&
         found.size() < most;
         ++at) {
      found.push_back(*at);
    }
  }
  return found;
}

}  // namespace supervision::alerting
