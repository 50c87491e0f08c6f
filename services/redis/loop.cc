#include "services/redis/loop.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "services/redis/loop_core.h"

namespace supervision::redis {

std::shared_ptr<Loop::Core> Loop::Core::Create() {
  std::shared_ptr<Core> core(new Core);
  core->thread_ = std::thread([uv = &core->uv_] {
    // The process' signals are other threads' business, and a write to a closed socket shall be an
    // error, not SIGPIPE.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    uv_run(uv, UV_RUN_DEFAULT);
  });
  core->thread_id_ = core->thread_.get_id();
  return core;
}

Loop::Core::Core() {
  // Both fail only when the process is out of descriptors or memory at its very start.
  if (uv_loop_init(&uv_) != 0) std::abort();
  const auto run = [](uv_async_t* wake) { static_cast<Core*>(wake->data)->RunPosted(); };
  if (uv_async_init(&uv_, &wake_, run) != 0) std::abort();
  wake_.data = this;
}

Loop::Core::~Core() {
  Stop();
  uv_loop_close(&uv_);
}

bool Loop::Core::Post(Task task) {
  base::MutexLock lock(&mutex_);
  if (ended_) return false;
  posted_.push_back(std::move(task));
  // Under the lock, so that the handle is not closed between the check above and the wake-up.
  if (posted_.size() == 1) uv_async_send(&wake_);
  return true;
}

void Loop::Core::RunPosted() {
  std::vector<Task> tasks;
  {
    base::MutexLock lock(&mutex_);
    tasks.swap(posted_);
  }
  for (Task& task : tasks) {
    task();
    task = nullptr;  // what it holds is freed in order, not at the end of all
  }
  bool stop = false;
  {
    base::MutexLock lock(&mutex_);
    stop = stopping_ && !ended_ && posted_.empty();
  }
  if (stop) CloseEverything();
}

void Loop::Core::CloseEverything() {
  // Closers answer waiting callers, whose callbacks may post again: run that too, then take no
  // more.
  while (true) {
    while (!closers_.empty()) closers_.extract(closers_.begin()).mapped()();
    std::vector<Task> tasks;
    {
      base::MutexLock lock(&mutex_);
      tasks.swap(posted_);
      if (tasks.empty()) {
        ended_ = true;
        break;
      }
    }
    for (Task& task : tasks) task();
  }
  // uv_run returns when this and every handle that the closers closed is gone.
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
}

void Loop::Core::Stop() {
  {
    base::MutexLock lock(&mutex_);
    if (stopping_) {
      while (!joined_) joined_changed_.Wait(&mutex_);
      return;
    }
    stopping_ = true;
    uv_async_send(&wake_);
  }
  thread_.join();
  base::MutexLock lock(&mutex_);
  joined_ = true;
  joined_changed_.SignalAll();
}

struct LoopTimer::Handle {
  uv_timer_t uv;
  Loop::Task task;
};

LoopTimer::LoopTimer(uv_loop_t* loop, Loop::Task task) : handle_(new Handle) {
  handle_->task = std::move(task);
  uv_timer_init(loop, &handle_->uv);
  handle_->uv.data = handle_;
}

LoopTimer::~LoopTimer() {
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->uv),
           [](uv_handle_t* uv) { delete static_cast<Handle*>(uv->data); });
}

void LoopTimer::Start(absl::Duration delay) {
  const absl::Duration longest = absl::Hours(24 * 365);
  delay = std::clamp(delay, absl::ZeroDuration(), longest);
  uv_update_time(handle_->uv.loop);  // its notion of now is as old as the loop's iteration
  uv_timer_start(
      &handle_->uv, [](uv_timer_t* uv) { static_cast<Handle*>(uv->data)->task(); },
      static_cast<uint64_t>(absl::ToInt64Milliseconds(absl::Ceil(delay, absl::Milliseconds(1)))),
      0);
}

void LoopTimer::Cancel() { uv_timer_stop(&handle_->uv); }

// What the handle and the loop share. `timer` and `task` belong to the loop's thread once posted.
struct Loop::Timer::State {
  std::atomic<bool> cancelled = false;
  std::unique_ptr<LoopTimer> timer;
  Task task;

  void Cancel(Core* core) {
    cancelled = true;
    timer.reset();
    task = nullptr;
    core->RemoveCloser(this);  // last: it may hold the last reference to this
  }
};

Loop::Timer::Timer(std::shared_ptr<Core> core, std::shared_ptr<State> state)
    : core_(std::move(core)), state_(std::move(state)) {}

Loop::Timer::~Timer() {
  if (core_->OnLoopThread()) {
    state_->Cancel(core_.get());
    return;
  }
  state_->cancelled = true;
  core_->Post([core = core_.get(), state = state_] { state->Cancel(core); });
}

Loop::Loop() : core_(Core::Create()) {}
Loop::~Loop() { Stop(); }
void Loop::Post(Task task) { core_->Post(std::move(task)); }
bool Loop::OnLoopThread() const { return core_->OnLoopThread(); }
void Loop::Stop() { core_->Stop(); }

std::unique_ptr<Loop::Timer> Loop::RunAfter(absl::Duration delay, Task task) {
  auto state = std::make_shared<Timer::State>();
  state->task = std::move(task);
  core_->Post([core = core_.get(), state, delay] {
    if (state->cancelled) return;
    core->AddCloser(state.get(), [core, state] { state->Cancel(core); });
    state->timer = std::make_unique<LoopTimer>(core->uv(), [core, raw = state.get()] {
      const bool cancelled = raw->cancelled;
      const Task due_task = std::move(raw->task);
      raw->Cancel(core);  // may free `raw`
      if (!cancelled) due_task();
    });
    state->timer->Start(delay);
  });
  return std::unique_ptr<Timer>(new Timer(core_, std::move(state)));
}

}  // namespace supervision::redis
