#include "clients/cli/watch_guard.h"

#include <pthread.h>
#include <signal.h>

#include <ctime>
#include <utility>

#include "absl/time/clock.h"

namespace supervision::cli {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

WatchGuard::WatchGuard(absl::Duration idle, std::function<void()> stop)
    : idle_(idle), stop_(std::move(stop)) {
  // Threads that begin later inherit the mask, so the signals wait for Guard().
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void WatchGuard::Start() {
  thread_ = std::thread([this] { Guard(); });
}

void WatchGuard::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void WatchGuard::Connected() {
  base::MutexLock lock(&mutex_);
  if (quiet_since_ == absl::InfiniteFuture()) quiet_since_ = absl::Now();
}

void WatchGuard::Heard() {
  base::MutexLock lock(&mutex_);
  quiet_since_ = absl::Now();
}

bool WatchGuard::Idle() {
  base::MutexLock lock(&mutex_);
  return idle_ > absl::ZeroDuration() && absl::Now() - quiet_since_ >= idle_;
}

void WatchGuard::Guard() {
  // Short enough to notice Stop() and idleness in time, long enough to cost nothing.
  const timespec period = absl::ToTimespec(absl::Milliseconds(50));
  const sigset_t signals = StopSignals();
  while (true) {
    const bool signalled = sigtimedwait(&signals, nullptr, &period) > 0;
    {
      base::MutexLock lock(&mutex_);
      if (stopped_) return;
    }
    if (signalled || Idle()) {
      stop_();
      return;
    }
  }
}

}  // namespace supervision::cli
