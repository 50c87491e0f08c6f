#include "clients/cli/watch_guard.h"

#include <pthread.h>
#include <signal.h>

#include <ctime>
#include <utility>

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

WatchGuard::WatchGuard(absl::Duration idle, std::function<void()> stop, const base::Clock* clock)
    : idle_(idle), stop_(std::move(stop)), clock_(clock) {
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
  if (quiet_since_ == absl::InfiniteFuture()) quiet_since_ = clock_->Now();
}

WatchGuard::Telling::Telling(WatchGuard* guard) : guard_(guard) {
  base::MutexLock lock(&guard_->mutex_);
  ++guard_->telling_;
}

WatchGuard::Telling::~Telling() {
  base::MutexLock lock(&guard_->mutex_);
  --guard_->telling_;
  guard_->quiet_since_ = guard_->clock_->Now();
}

bool WatchGuard::Idle() {
  base::MutexLock lock(&mutex_);
  return idle_ > absl::ZeroDuration() && telling_ == 0 && clock_->Now() - quiet_since_ >= idle_;
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
