#pragma once

#include <map>
#include <memory>
#include <string>

#include "services/alerting/consumers.h"
#include "services/alerting/share_keeper.h"

namespace supervision::alerting {

// A consumer's connection to a shared subscription. Its acknowledgements are single ones: of a
// cumulative one the share of another may be in between.
class SharedConnection : public Connection {
 public:
  // The consumer could not deal with them: they come again after `delay` or the back-off.
  virtual void Reject(absl::Span<const uint64_t> deliveries, std::string reason,
                      absl::Duration delay) = 0;
  // It needs longer: their leases begin anew.
  virtual void Extend(absl::Span<const uint64_t> deliveries) = 0;
};

// The consumers of shared subscriptions. Each subscription that has some in this process has a room
// here: it reads the log once for all of them, by a stream of the hub, and asks the ledger for each
// alert before it hands it to one of them (see ShareRoom). Replicas know of each other by the
// ledger alone.
//
// Thread-safe; the rooms live on the scheduler's thread.
class Shares {
 public:
  struct Options {
    absl::Duration heartbeat = absl::Seconds(2);
    absl::Duration read_timeout = absl::Seconds(5);
    absl::Duration retry_delay = absl::Milliseconds(500);
    absl::Duration ending_grace = absl::Seconds(2);  // for who does not take its last message
    absl::Duration bookmark_interval = absl::Seconds(5);
    absl::Duration max_age;  // of a connection, give or take a tenth; zero: any
    size_t max_consumers = 4096;
    size_t max_steps = 1024;  // of one call to the ledger
    size_t max_alerts_per_message = 256;
    size_t max_message_bytes = 1 << 20;
  };
  struct Parts {
    Hub* hub = nullptr;
    std::shared_ptr<LogSource> source;
    std::shared_ptr<ShareKeeper> keeper;
    std::shared_ptr<Scheduler> scheduler;
    const AlertEncoder* alerts = nullptr;
    const CaptionEncoder* captions = nullptr;
    observability::Logger* log = nullptr;
    prometheus::Registry* metrics = nullptr;
  };

  // The raw pointers outlive it, but for the hub's what the scheduler still runs then.
  Shares(Parts parts, Options options);
  // On a ledger.
  Shares(Hub* hub, ledger::Ledger* ledger, redis::Loop* loop, std::string replica,
         const AlertEncoder* alerts, const CaptionEncoder* captions, observability::Logger* log,
         prometheus::Registry* metrics, Options options);
  ~Shares();
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  // Connects. Errors come as Finish: WRONG_SUBSCRIPTION_MODE where it is exclusive. `sink` outlives
  // its Finish; it is not called inside Open. Of the request, the attempt is nothing to a share.
  std::shared_ptr<SharedConnection> Open(Consumers::Request request, StreamSink* sink);

  // Consumers and what is still under way for those that have gone.
  size_t size() const;
  // Consumers by owner.
  std::map<std::string, OwnerConnections> ByOwner() const;

 private:
  class Core;
  const std::shared_ptr<Core> core_;
};

}  // namespace supervision::alerting
