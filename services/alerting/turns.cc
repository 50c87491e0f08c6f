#include "services/alerting/turns.h"

#include <algorithm>
#include <utility>

namespace supervision::alerting {

void Turns::Post(std::function<void()> task) {
  {
    base::MutexLock lock(&mutex_);
    tasks_.push_back(std::move(task));
    if (!idle_) return;
    idle_ = false;
  }
  source_->PostAside([self = shared_from_this()] { self->RunSpell(); });
}

void Turns::RunSpell() {
  const absl::Duration begun = scheduler_->Now();
  absl::Duration took;
  size_t waiting = 0;
  while (took < options_.spell) {
    std::function<void()> task;
    {
      base::MutexLock lock(&mutex_);
      if (tasks_.empty()) break;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    task = nullptr;
    took = scheduler_->Now() - begun;
  }
  {
    base::MutexLock lock(&mutex_);
    waiting = tasks_.size();
  }
  owed_ +=
      took * std::min(options_.most_rest, options_.rest_for_each * static_cast<double>(waiting));
  if (waiting == 0) owed_ = absl::ZeroDuration();
  owed_ < options_.spell ? GoOn() : Rest();
}

void Turns::Rest() {
  std::unique_ptr<Scheduler::Timer> timer =
      scheduler_->RunAfter(std::exchange(owed_, absl::ZeroDuration()), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->GoOn();
      });
  base::MutexLock lock(&mutex_);
  timer_.swap(timer);
}

void Turns::GoOn() {
  {
    base::MutexLock lock(&mutex_);
    idle_ = tasks_.empty();
    if (idle_) return;
  }
  source_->PostAside([self = shared_from_this()] { self->RunSpell(); });
}

}  // namespace supervision::alerting
