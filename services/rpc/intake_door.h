#pragma once

#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/domain/error.h"

namespace supervision::rpc {

// Whether changes can be taken at all just now. While the ledger cannot keep its promise a partner
// is told so at once, with a time to come back, rather than after a wait. Thread-safe.
class IntakeDoor {
 public:
  enum class State { kOpen, kNotReady, kFull };

  explicit IntakeDoor(absl::Duration retry_delay) : retry_delay_(retry_delay) {}

  void Set(State state) { state_.store(state, std::memory_order_relaxed); }
  State state() const { return state_.load(std::memory_order_relaxed); }

  // LEDGER_UNAVAILABLE or LEDGER_FULL unless open.
  absl::Status Check() const {
    const State now = state();
    if (now == State::kOpen) return absl::OkStatus();
    domain::ErrorDetail detail;
    detail.reason =
        now == State::kFull ? domain::Reason::kLedgerFull : domain::Reason::kLedgerUnavailable;
    detail.retry_after = now == State::kFull ? kDelayWhenFull : retry_delay_;
    return domain::MakeError(std::move(detail));
  }

 private:
  // Somebody has to make room first.
  static constexpr absl::Duration kDelayWhenFull = absl::Seconds(30);

  const absl::Duration retry_delay_;
  std::atomic<State> state_{State::kNotReady};
};

}  // namespace supervision::rpc
