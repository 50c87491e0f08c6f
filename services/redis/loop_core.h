#pragma once

#include <uv.h>

#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "services/base/mutex.h"
#include "services/redis/loop.h"

namespace supervision::redis {

// The libuv loop behind Loop, for this folder only: whoever includes it may use uv() on the loop's
// thread. Shared, so that a timer's handle may be destroyed after its Loop.
class Loop::Core {
 public:
  static std::shared_ptr<Core> Create();  // starts the thread
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // False when the loop takes no more tasks; `task` is then dropped.
  bool Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);
  bool OnLoopThread() const { return std::this_thread::get_id() == thread_id_; }
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // The rest REQUIRES the loop's thread.
  uv_loop_t* uv() { return &uv_; }

  // `close` runs when the loop stops before RemoveCloser(owner): who has handles open closes them
  // there and answers whoever waits.
  void AddCloser(void* owner, Task close) { closers_[owner] = std::move(close); }
  void RemoveCloser(void* owner) { closers_.erase(owner); }

 private:
  Core();
  void RunPosted() ABSL_LOCKS_EXCLUDED(mutex_);
  void CloseEverything() ABSL_LOCKS_EXCLUDED(mutex_);

  uv_loop_t uv_;
  uv_async_t wake_;
  std::map<void*, Task> closers_;

  base::Mutex mutex_;
  std::vector<Task> posted_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // no more tasks are taken
  bool joined_ ABSL_GUARDED_BY(mutex_) = false;
  base::CondVar joined_changed_;

  std::thread thread_;
  std::thread::id thread_id_;  // set before the first task can be posted, then never again
};

// A timer that can be armed again and again. Only the loop's thread touches it.
class LoopTimer {
 public:
  LoopTimer(uv_loop_t* loop, Loop::Task task);
  ~LoopTimer();  // the task certainly does not run afterwards; allowed inside the task itself
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  // Runs the task once after `delay`, rounded up to a millisecond; replaces an earlier arming.
  void Start(absl::Duration delay);
  void Cancel();

 private:
  struct Handle;
  Handle* const handle_;  // libuv's until it has closed, so it outlives this object a little
};

}  // namespace supervision::redis
