#pragma once

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "services/base/mutex.h"

namespace supervision::cli {

// Ends a watch from beside: on SIGINT or SIGTERM, and when nothing was heard for a while. Signals
// are taken by a thread of their own, so that no handler interrupts anything.
class WatchGuard {
 public:
  // `idle` zero: only signals. `stop` runs on the guard's thread, at most once.
  WatchGuard(absl::Duration idle, std::function<void()> stop);
  ~WatchGuard() { Stop(); }
  WatchGuard(const WatchGuard&) = delete;
  WatchGuard& operator=(const WatchGuard&) = delete;

  void Start();
  void Stop();

  // The stream runs: idleness counts from the first call.
  void Connected();
  // Something was told: idleness counts anew.
  void Heard();

 private:
  void Guard();
  bool Idle();

  const absl::Duration idle_;
  const std::function<void()> stop_;
  base::Mutex mutex_;
  absl::Time quiet_since_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace supervision::cli
