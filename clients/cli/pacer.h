#pragma once

#include "absl/time/time.h"
#include "services/base/mutex.h"

namespace supervision::cli {

// Lets its callers go on no more than so often, all threads together. Thread-safe.
class Pacer {
 public:
  explicit Pacer(double per_second) : between_(absl::Seconds(1) / per_second) {}
  void Wait();

 private:
  const absl::Duration between_;
  base::Mutex mutex_;
  absl::Time next_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace supervision::cli
