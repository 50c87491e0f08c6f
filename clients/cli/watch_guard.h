#pragma once

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "clients/cpp/steady_clock.h"
#include "services/base/clock.h"
#include "services/base/mutex.h"

namespace supervision::cli {

// Ends a watch from beside: on SIGINT or SIGTERM, and when nothing was heard for a while. Signals
// are taken by a thread of their own, so that no handler interrupts anything.
class WatchGuard {
 public:
  // `idle` zero: only signals. `stop` runs on the guard's thread, at most once.
  WatchGuard(absl::Duration idle, std::function<void()> stop,
             const base::Clock* clock = client::SteadyClock());
  ~WatchGuard() { Stop(); }
  WatchGuard(const WatchGuard&) = delete;
  WatchGuard& operator=(const WatchGuard&) = delete;

  void Start();
  void Stop();

  // The stream runs: idleness counts from the first call.
  void Connected();
  // While one lives something is told, however long that takes: nothing is idle, and idleness
  // counts anew from its end.
  class Telling {
   public:
    explicit Telling(WatchGuard* guard);
    ~Telling();
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;

   private:
    WatchGuard* const guard_;
  };

  // Whether it is idle for as long as is waited for.
  bool Idle();

 private:
  void Guard();

  const absl::Duration idle_;
  const std::function<void()> stop_;
  const base::Clock* const clock_;
  base::Mutex mutex_;
  int telling_ ABSL_GUARDED_BY(mutex_) = 0;  // streams that tell something now
  absl::Time quiet_since_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace supervision::cli
