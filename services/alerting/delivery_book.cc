#include "services/alerting/delivery_book.h"

#include <algorithm>
#include <utility>

#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

// Deliveries that lie between the first that is not acknowledged and the last: who acknowledges all
// but one is held up here, so that what must be kept of it stays small.
constexpr size_t kLongestReach = 10'000;

}  // namespace

void DeliveryBook::Begin(ledger::Progress kept, bool gap) {
  base::MutexLock lock(&mutex_);
  looked_at_ = std::move(kept.place);
  open_.assign(looked_at_.positions.size(), {});
  beyond_.assign(looked_at_.positions.size(), {});
  for (size_t p = 0; p < kept.beyond.size() && p < beyond_.size(); ++p) {
    beyond_[p].insert(kept.beyond[p].begin(), kept.beyond[p].end());
  }
  if (!gap) return;
  gap_open_ = true;
  items_.push_back({{kGap, 0, 0}, false});
}

DeliveryBook::Room DeliveryBook::room() const {
  base::MutexLock lock(&mutex_);
  if (open_alerts_ >= window_.alerts || items_.size() >= kLongestReach) return {};
  const size_t alerts = std::min(window_.alerts - open_alerts_, kLongestReach - items_.size());
  if (open_alerts_ == 0) return {alerts, window_.bytes, true};
  if (open_bytes_ >= window_.bytes) return {};
  return {alerts, window_.bytes - open_bytes_, false};
}

void DeliveryBook::SetWindow(Window window) {
  base::MutexLock lock(&mutex_);
  window_ = window;
}

bool DeliveryBook::Acknowledged(int partition, int64_t position) const {
  base::MutexLock lock(&mutex_);
  const auto p = static_cast<size_t>(partition);
  return p < beyond_.size() && beyond_[p].contains(position);
}

uint64_t DeliveryBook::Hand(absl::Span<const Delivery> deliveries, const ledger::Place& place) {
  base::MutexLock lock(&mutex_);
  const uint64_t first = first_ + items_.size();
  for (const Delivery& delivery : deliveries) {
    items_.push_back({delivery, false});
    ++open_alerts_;
    open_bytes_ += delivery.bytes;
    open_[static_cast<size_t>(delivery.partition)].insert(delivery.position);
  }
  if (!(place == looked_at_)) moved_ = true;
  looked_at_ = place;
  return first;
}

bool DeliveryBook::SettleNumber(uint64_t number) {
  if (number < first_) return false;
  Item& item = items_[number - first_];
  if (item.acknowledged) return false;
  Settle(&item);
  return true;
}

void DeliveryBook::Settle(Item* item) {
  item->acknowledged = true;
  const Delivery& delivery = item->delivery;
  if (delivery.partition == kGap) {
    gap_open_ = false;
    return;
  }
  --open_alerts_;
  open_bytes_ -= delivery.bytes;
  const auto p = static_cast<size_t>(delivery.partition);
  open_[p].erase(delivery.position);
  beyond_[p].insert(delivery.position);
}

absl::Status DeliveryBook::Acknowledge(uint64_t through, absl::Span<const uint64_t> singles) {
  base::MutexLock lock(&mutex_);
  const uint64_t last = first_ + items_.size() - 1;
  uint64_t highest = through;
  for (const uint64_t number : singles) highest = std::max(highest, number);
  if (highest > last) {
    domain::ErrorDetail detail;
    detail.reason = domain::Reason::kAckBeyondSent;
    detail.metadata = {{"acknowledged", std::to_string(highest)}, {"sent", std::to_string(last)}};
    return domain::MakeError(std::move(detail));
  }
  bool any = false;
  for (uint64_t number = first_; number <= through; ++number) any = SettleNumber(number) || any;
  for (const uint64_t number : singles) {
    if (!SettleNumber(number)) continue;
    any = true;
    if (number > through) new_singles_.push_back(number);
  }
  while (!items_.empty() && items_.front().acknowledged) {
    items_.pop_front();
    ++first_;
  }
  moved_ = moved_ || any;
  urgent_ = urgent_ || any;
  return absl::OkStatus();
}

bool DeliveryBook::urgent() const {
  base::MutexLock lock(&mutex_);
  return urgent_ && !gap_open_;
}

std::optional<ledger::Progress> DeliveryBook::Take() {
  base::MutexLock lock(&mutex_);
  if (!moved_ || gap_open_ || taken_.has_value()) return std::nullopt;
  moved_ = false;
  urgent_ = false;
  ledger::Progress progress;
  progress.place = looked_at_;
  progress.beyond.resize(open_.size());
  for (size_t p = 0; p < open_.size(); ++p) {
    int64_t& position = progress.place.positions[p];
    if (!open_[p].empty()) position = *open_[p].begin() - 1;
    beyond_[p].erase(beyond_[p].begin(), beyond_[p].upper_bound(position));
    progress.beyond[p].assign(beyond_[p].begin(), beyond_[p].end());
  }
  taken_ = Receipt{through(), std::exchange(new_singles_, {})};
  return progress;
}

void DeliveryBook::Kept() {
  base::MutexLock lock(&mutex_);
  if (!taken_.has_value()) return;
  to_tell_.through = std::max(to_tell_.through, taken_->through);
  for (const uint64_t number : taken_->singles) to_tell_.singles.push_back(number);
  taken_.reset();
}

void DeliveryBook::NotKept() {
  base::MutexLock lock(&mutex_);
  if (!taken_.has_value()) return;
  new_singles_.insert(new_singles_.begin(), taken_->singles.begin(), taken_->singles.end());
  taken_.reset();
  moved_ = true;
  urgent_ = true;
}

bool DeliveryBook::has_receipt() const {
  base::MutexLock lock(&mutex_);
  return to_tell_.through > told_ || !to_tell_.singles.empty();
}

std::optional<DeliveryBook::Receipt> DeliveryBook::TakeReceipt() {
  base::MutexLock lock(&mutex_);
  if (to_tell_.through <= told_ && to_tell_.singles.empty()) return std::nullopt;
  told_ = std::max(told_, to_tell_.through);
  Receipt receipt{to_tell_.through, {}};
  for (const uint64_t number : std::exchange(to_tell_.singles, {})) {
    if (number > receipt.through) receipt.singles.push_back(number);
  }
  return receipt;
}

size_t DeliveryBook::unacknowledged() const {
  base::MutexLock lock(&mutex_);
  return open_alerts_;
}

}  // namespace supervision::alerting
