#pragma once

#include <optional>
#include <string>
#include <utility>

#include "services/alerting/log_source.h"
#include "services/ledger/sharing_desk.h"
#include "services/ledger/subscription_desk.h"

namespace supervision::alerting {

// What shared subscriptions need of the ledger beside its log. Each method promises what
// ledger::SharingDesk's of the same name does; Find is SubscriptionDesk::Get. Thread-safe.
class ShareKeeper {
 public:
  template <typename T>
  using Callback = LogSource::Callback<T>;

  virtual ~ShareKeeper() = default;
  virtual void Find(const ledger::SubscriptionKey& key,
                    Callback<ledger::Subscription> callback) = 0;
  virtual void Share(ledger::ShareUpdate update, Callback<ledger::ShareResult> callback) = 0;
  virtual void Look(const ledger::SubscriptionKey& key, Callback<ledger::ShareState> callback) = 0;
  virtual void Rebase(const ledger::SubscriptionKey& key, const ledger::Place& known,
                      const ledger::Place& place, const std::optional<ledger::DeadLetter>& gap,
                      Callback<bool> callback) = 0;
};

class LedgerShareKeeper final : public ShareKeeper {
 public:
  struct Options {
    std::string replica;
    absl::Duration alive_for;  // after a member's last sign of life
    absl::Duration timeout;
  };
  LedgerShareKeeper(ledger::Ledger* ledger, Options options)
      : subscriptions_(ledger), desk_(ledger), options_(std::move(options)) {}

  void Find(const ledger::SubscriptionKey& key, Callback<ledger::Subscription> callback) override {
    subscriptions_.Get(key, options_.timeout, std::move(callback));
  }
  void Share(ledger::ShareUpdate update, Callback<ledger::ShareResult> callback) override {
    desk_.Share(std::move(update), options_.alive_for, options_.replica, options_.timeout,
                std::move(callback));
  }
  void Look(const ledger::SubscriptionKey& key, Callback<ledger::ShareState> callback) override {
    desk_.Look(key, options_.timeout, std::move(callback));
  }
  void Rebase(const ledger::SubscriptionKey& key, const ledger::Place& known,
              const ledger::Place& place, const std::optional<ledger::DeadLetter>& gap,
              Callback<bool> callback) override {
    desk_.Rebase(key, known, place, gap, options_.timeout, std::move(callback));
  }

 private:
  ledger::SubscriptionDesk subscriptions_;
  ledger::SharingDesk desk_;
  const Options options_;
};

}  // namespace supervision::alerting
