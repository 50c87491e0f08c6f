#pragma once

#include <functional>
#include <memory>

#include "absl/time/time.h"

namespace supervision::redis {

// The one thread that owns every connection, deadline and reconnect (libuv). It also offers
// timers to those whose state changes on this thread.
//
// Thread-safe. Tasks and timers run on the loop's thread, in the order they were posted, never
// inside the call that took them and never under a lock. Stop() runs what has been posted, then
// ends the thread; what is posted later is dropped. Stop() twice is safe; never call it on the
// loop's thread.
class Loop {
  class Core;  // libuv's handles live behind this

 public:
  using Task = std::function<void()>;

  Loop();
  ~Loop();  // stops
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Post(Task task);

  // A one-shot timer by the steady clock. Destroying the handle cancels it: when the handle is
  // destroyed on the loop's thread the task certainly does not run afterwards; elsewhere it may be
  // running.
  class Timer {
   public:
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    friend class Loop;
    struct State;
    Timer(std::shared_ptr<Core> core, std::shared_ptr<State> state);
    std::shared_ptr<Core> core_;
    std::shared_ptr<State> state_;
  };
  std::unique_ptr<Timer> RunAfter(absl::Duration delay, Task task);

  bool OnLoopThread() const;
  void Stop();

 private:
  friend class Connection;
  friend class LoopTimer;
  std::shared_ptr<Core> core_;
};

}  // namespace supervision::redis
