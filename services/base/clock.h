#pragma once

#include "absl/time/time.h"
#include "services/base/mutex.h"

namespace supervision::base {

// The source of wall-clock time for everything that is stored or compared with a date.
// Thread-safe. Timeouts use the steady clock of the loop that owns them, never this.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;

  // The system's clock; lives for the whole process.
  static const Clock* System();
};

// A clock that stands still until a test moves it. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time start) : now_(start) {}
  absl::Time Now() const override {
    MutexLock lock(&mutex_);
    return now_;
  }
  void Advance(absl::Duration by) {
    MutexLock lock(&mutex_);
    now_ += by;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::base
