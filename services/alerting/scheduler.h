#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"

namespace supervision::alerting {

// The loop's thread and its steady clock, as far as the hub needs them: a test moves the time by
// hand. Thread-safe. Tasks run one after the other, never inside the call that took them, never
// under a lock.
class Scheduler {
 public:
  class Timer {
   public:
    virtual ~Timer() = default;  // cancels; off the loop's thread the task may be running
  };

  virtual ~Scheduler() = default;
  // Time since some fixed moment; never goes back.
  virtual absl::Duration Now() const = 0;
  virtual void Post(std::function<void()> task) = 0;
  virtual std::unique_ptr<Timer> RunAfter(absl::Duration delay, std::function<void()> task) = 0;
};

}  // namespace supervision::alerting
