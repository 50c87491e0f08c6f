#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/alerting/log_source.h"
#include "services/ledger/subscription_desk.h"

namespace supervision::alerting {

// Which opening of which reader; see ledger::Opening.
struct Attempt {
  std::string reader;
  uint32_t number = 0;
};

// What connections of subscriptions need of the ledger beside its log. Each method promises what
// ledger::SubscriptionDesk's of the same name does. Thread-safe.
class PlaceKeeper {
 public:
  template <typename T>
  using Callback = LogSource::Callback<T>;

  virtual ~PlaceKeeper() = default;
  // `address`: of the peer.
  virtual void Attach(const ledger::SubscriptionKey& key, const Attempt& attempt,
                      const std::string& address, Callback<ledger::Attachment> callback) = 0;
  virtual void Keep(std::vector<ledger::PlaceUpdate> updates,
                    Callback<std::vector<ledger::PlaceResult>> callback) = 0;
};

class LedgerPlaceKeeper final : public PlaceKeeper {
 public:
  struct Options {
    std::string replica;
    absl::Duration alive_for;  // after a connection's last sign of life
    absl::Duration timeout;
  };
  LedgerPlaceKeeper(ledger::Ledger* ledger, Options options)
      : desk_(ledger), options_(std::move(options)) {}

  void Attach(const ledger::SubscriptionKey& key, const Attempt& attempt,
              const std::string& address, Callback<ledger::Attachment> callback) override {
    desk_.Attach(key, {options_.replica, attempt.reader, attempt.number, address},
                 options_.alive_for, options_.timeout, std::move(callback));
  }
  void Keep(std::vector<ledger::PlaceUpdate> updates,
            Callback<std::vector<ledger::PlaceResult>> callback) override {
    desk_.Keep(std::move(updates), options_.alive_for, options_.timeout, std::move(callback));
  }

 private:
  ledger::SubscriptionDesk desk_;
  const Options options_;
};

}  // namespace supervision::alerting
