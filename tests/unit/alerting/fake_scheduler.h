#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "services/alerting/scheduler.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

// A loop whose thread is the test and whose time the test moves. Thread-safe, except that only one
// thread runs tasks.
class FakeScheduler final : public Scheduler {
 public:
  absl::Duration Now() const override {
    base::MutexLock lock(&mutex_);
    return now_;
  }

  void Post(std::function<void()> task) override {
    base::MutexLock lock(&mutex_);
    posted_.push_back(std::move(task));
  }

  std::unique_ptr<Timer> RunAfter(absl::Duration delay, std::function<void()> task) override {
    base::MutexLock lock(&mutex_);
    const Key key{now_ + delay, ++last_timer_};
    timers_.emplace(key, std::move(task));
    return std::make_unique<Handle>(this, key);
  }

  // Runs the oldest posted task; false when there is none.
  bool RunOne() {
    std::function<void()> task;
    {
      base::MutexLock lock(&mutex_);
      if (posted_.empty()) return false;
      task = std::move(posted_.front());
      posted_.pop_front();
    }
    task();
    return true;
  }

  void RunUntilIdle() {
    while (RunOne()) {
    }
  }

  // So much time passes while a task runs.
  void Pass(absl::Duration by) {
    base::MutexLock lock(&mutex_);
    now_ += by;
  }

  // Moves the time on, running what comes due in its order and whatever that posts.
  void Advance(absl::Duration by) {
    RunUntilIdle();
    const absl::Duration end = Now() + by;
    while (true) {
      std::function<void()> task;
      {
        base::MutexLock lock(&mutex_);
        if (timers_.empty() || timers_.begin()->first.first > end) {
          now_ = end;
          return;
        }
        now_ = timers_.begin()->first.first;
        task = std::move(timers_.extract(timers_.begin()).mapped());
      }
      task();
      RunUntilIdle();
    }
  }

 private:
  using Key = std::pair<absl::Duration, int>;
  class Handle final : public Timer {
   public:
    Handle(FakeScheduler* scheduler, Key key) : scheduler_(scheduler), key_(key) {}
    ~Handle() override {
      base::MutexLock lock(&scheduler_->mutex_);
      scheduler_->timers_.erase(key_);
    }

   private:
    FakeScheduler* const scheduler_;
    const Key key_;
  };

  mutable base::Mutex mutex_;
  absl::Duration now_ ABSL_GUARDED_BY(mutex_) = absl::Seconds(1000);
  std::deque<std::function<void()>> posted_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, std::function<void()>> timers_ ABSL_GUARDED_BY(mutex_);
  int last_timer_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace supervision::alerting
