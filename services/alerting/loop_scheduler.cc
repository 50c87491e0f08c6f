#include <chrono>
#include <utility>

#include "services/alerting/ledger_source.h"

namespace supervision::alerting {
namespace {

class LoopTimer final : public Scheduler::Timer {
 public:
  explicit LoopTimer(std::unique_ptr<redis::Loop::Timer> timer) : timer_(std::move(timer)) {}

 private:
  const std::unique_ptr<redis::Loop::Timer> timer_;
};

}  // namespace

absl::Duration LoopScheduler::Now() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

void LoopScheduler::Post(std::function<void()> task) { loop_->Post(std::move(task)); }

std::unique_ptr<Scheduler::Timer> LoopScheduler::RunAfter(absl::Duration delay,
                                                          std::function<void()> task) {
  return std::make_unique<LoopTimer>(loop_->RunAfter(delay, std::move(task)));
}

}  // namespace supervision::alerting
