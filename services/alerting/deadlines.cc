#include "services/alerting/deadlines.h"

#include <algorithm>
#include <vector>

namespace supervision::alerting {
namespace {

// How far apart two calls of the timer are at least.
constexpr absl::Duration kGrain = absl::Milliseconds(10);

}  // namespace

void Deadlines::Set(std::shared_ptr<Sleeper> sleeper, absl::Duration at) {
  base::MutexLock lock(&mutex_);
  const Sleeper* const key = sleeper.get();
  Entry& entry = entries_[key];
  if (entry.sleeper != nullptr) order_.erase({entry.at, key});
  entry = {std::move(sleeper), at};
  order_.emplace(at, key);
  Arm();
}

void Deadlines::Remove(const Sleeper* sleeper) {
  std::shared_ptr<Sleeper> dropped;  // outlives the lock
  base::MutexLock lock(&mutex_);
  const auto found = entries_.find(sleeper);
  if (found == entries_.end()) return;
  dropped = std::move(found->second.sleeper);
  order_.erase({found->second.at, sleeper});
  entries_.erase(found);
}

size_t Deadlines::size() const {
  base::MutexLock lock(&mutex_);
  return entries_.size();
}

// A timer that is armed for too early an hour finds nothing to do and arms itself again.
void Deadlines::Arm() {
  if (order_.empty()) return;
  const absl::Duration at = order_.begin()->first;
  if (armed_for_ <= at) return;
  const absl::Duration delay = std::max(kGrain, at - scheduler_->Now());
  armed_for_ = at;
  timer_ = scheduler_->RunAfter(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Fire();
  });
}

void Deadlines::Fire() {
  std::vector<std::shared_ptr<Sleeper>> due;
  {
    base::MutexLock lock(&mutex_);
    const absl::Duration now = scheduler_->Now();
    while (!order_.empty() && order_.begin()->first <= now) {
      const auto found = entries_.find(order_.begin()->second);
      due.push_back(std::move(found->second.sleeper));
      entries_.erase(found);
      order_.erase(order_.begin());
    }
    armed_for_ = absl::InfiniteDuration();
    Arm();
  }
  for (const std::shared_ptr<Sleeper>& sleeper : due) sleeper->OnDeadline();
}

}  // namespace supervision::alerting
