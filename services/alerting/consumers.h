#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "prometheus/registry.h"
#include "services/alerting/caption.h"
#include "services/alerting/hub.h"
#include "services/alerting/place_keeper.h"
#include "services/alerting/scheduler.h"
#include "services/observability/log.h"

namespace supervision::alerting {

// One connection of a named subscription, as whoever carries it sees it. Thread-safe; what is
// called after the sink's Finish does nothing.
class Connection {
 public:
  virtual ~Connection() = default;
  // As Session's.
  virtual void OnWritten(bool ok) = 0;
  virtual void OnCancelled() = 0;
  // The client has acknowledged: all deliveries up to `through`, and each of `singles`. Ends the
  // stream with ACK_BEYOND_SENT where one was not sent.
  virtual void Acknowledge(uint64_t through, absl::Span<const uint64_t> singles) = 0;
  virtual void SetWindow(DeliveryBook::Window window) = 0;
  // The client has said what makes no sense: ends the stream with `status`.
  virtual void Fail(absl::Status status) = 0;
  // The client sends no more: what it has acknowledged is kept, then the stream ends with OK.
  virtual void OnSentAll() = 0;
};

// Who has connected, beside being the owner.
struct Peer {
  std::string address;  // as the service sees it: "host:port"
  absl::Time connected_at;
};

// What an owner of subscriptions has open in this process.
struct OwnerConnections {
  size_t count = 0;
  size_t unacknowledged = 0;  // alerts
};

// The connections of named subscriptions. Each is a stream of the hub with a receiver that answers
// for its alerts; what is acknowledged goes to the ledger in groups: while one call is under way
// all that comes waits for the next.
//
// A newer connection of a subscription ends the older with SUBSCRIPTION_TAKEN_OVER: in this process
// at once, in another at its next sign of life (Options::heartbeat). Until then the older may send
// what nobody has acknowledged, and can keep nothing: the ledger knows the newest by its
// generation.
//
// Thread-safe.
class Consumers {
 public:
  struct Options {
    absl::Duration heartbeat = absl::Seconds(2);
    absl::Duration read_timeout = absl::Seconds(5);
    absl::Duration retry_delay = absl::Milliseconds(500);
    size_t max_batch = 256;  // connections in one call
  };
  struct Parts {
    Hub* hub = nullptr;
    std::shared_ptr<LogSource> source;
    std::shared_ptr<PlaceKeeper> keeper;
    std::shared_ptr<Scheduler> scheduler;
    const CaptionEncoder* encoder = nullptr;
    observability::Logger* log = nullptr;
    prometheus::Registry* metrics = nullptr;
  };

  // The raw pointers outlive it; it is destroyed when the hub has no streams any more and the
  // ledger has answered everyone.
  Consumers(Parts parts, Options options);
  // On a ledger.
  Consumers(Hub* hub, ledger::Ledger* ledger, redis::Loop* loop, std::string replica,
            const CaptionEncoder* encoder, observability::Logger* log,
            prometheus::Registry* metrics, Options options);
  ~Consumers();
  Consumers(const Consumers&) = delete;
  Consumers& operator=(const Consumers&) = delete;

  struct Request {
    ledger::SubscriptionKey key;
    Attempt attempt;
    domain::Scope scope;
    DeliveryBook::Window window;
    absl::Duration bookmark_interval;  // zero: the hub's
    Peer peer;
  };
  // Connects. Errors come as Finish. `sink` outlives its Finish; it is not called inside Open.
  std::shared_ptr<Connection> Open(Request request, StreamSink* sink);

  // Nothing waits to be kept and nobody's leaving is under way.
  bool idle() const;
  // Connections that are open or whose leaving is under way.
  size_t size() const;
  // The same by owner.
  std::map<std::string, OwnerConnections> ByOwner() const;

 private:
  class Core;
  const std::shared_ptr<Core> core_;
};

}  // namespace supervision::alerting
