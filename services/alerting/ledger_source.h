#pragma once

#include <functional>
#include <utility>

#include "services/alerting/log_source.h"
#include "services/alerting/scheduler.h"
#include "services/ledger/ledger.h"
#include "services/redis/loop.h"

namespace supervision::alerting {

// The ledger as the hub's source. `ledger` outlives it.
class LedgerSource final : public LogSource {
 public:
  explicit LedgerSource(ledger::Ledger* ledger) : ledger_(ledger) {}
  void ReadLog(const PageRequest& request, Callback<ledger::LogPage> callback) override;
  void ReadLogAside(const PageRequest& request, Callback<ledger::LogPage> callback) override;
  void PostAside(std::function<void()> task) override { ledger_->PostAside(std::move(task)); }
  void List(ledger::ListQuery query, absl::Duration timeout,
            Callback<ledger::ListPage> callback) override;
  void LatestPlace(absl::Duration timeout, Callback<ledger::Place> callback) override;
  void EarliestPlace(absl::Duration timeout, Callback<ledger::Place> callback) override;
  void ResolveCursor(std::string cursor, absl::Duration timeout,
                     Callback<ledger::Place> callback) override;
  std::optional<ledger::Place> KnownPlace(const std::string& cursor) const override;
  std::string EncodeCursor(const ledger::Place& place) const override;
  void Follow(ledger::TailObserver* observer) override;

 private:
  ledger::Ledger* const ledger_;
};

// The loop as the hub's scheduler. `loop` outlives it and its timers.
class LoopScheduler final : public Scheduler {
 public:
  explicit LoopScheduler(redis::Loop* loop) : loop_(loop) {}
  absl::Duration Now() const override;
  void Post(std::function<void()> task) override;
  std::unique_ptr<Timer> RunAfter(absl::Duration delay, std::function<void()> task) override;

 private:
  redis::Loop* const loop_;
};

}  // namespace supervision::alerting
