#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "prometheus/registry.h"
#include "services/config/server_settings.h"
#include "services/ledger/ledger.h"
#include "services/observability/log.h"
#include "services/redis/embedded.h"
#include "services/redis/loop.h"
#include "services/server/readiness.h"

namespace supervision::server {

// Where everything is kept: the loop, the embedded Redis when that is asked for, and the ledger on
// it.
class Store {
 public:
  struct Parts {
    const base::Clock* clock = nullptr;
    observability::Logger* log = nullptr;
    prometheus::Registry* metrics = nullptr;
    Readiness* readiness = nullptr;
  };

  // Starts the embedded Redis (and waits until it answers) and the ledger (which connects by itself
  // and tells `readiness`). A Redis elsewhere may be away: the ledger goes on trying. All parts
  // outlive the store.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const config::ServerSettings& settings,
                                                     const Parts& parts);
  ~Store();  // stops

  ledger::Ledger* ledger() { return ledger_.get(); }
  redis::Loop* loop() { return &loop_; }
  const std::string& address() const { return address_; }  // without secrets
  int restarts() const;                                    // of the embedded Redis; 0 without one

  // Answers everyone who waits for the ledger. Safe to call twice.
  void StopLedger();
  // Ends the ledger and the embedded Redis. Safe to call twice.
  void Stop();

 private:
  Store() = default;

  redis::Loop loop_;
  std::unique_ptr<redis::EmbeddedRedis> embedded_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::string address_;
};

}  // namespace supervision::server
