#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/alerting/consumers.h"
#include "services/alerting/subscription_metrics.h"
#include "services/base/mutex.h"

namespace supervision::alerting {

class Consumer;

// What connections live in: the parts that they share. Thread-safe.
class ConsumerHouse {
 public:
  ConsumerHouse(const Consumers::Parts& parts, const Consumers::Options& options)
      : hub(parts.hub),
        source(parts.source),
        keeper(parts.keeper),
        encoder(parts.encoder),
        log(parts.log),
        options(options),
        metrics(parts.metrics) {}
  virtual ~ConsumerHouse() = default;

  // The ledger knows the connection as the newest of its subscription.
  virtual void OnAttached(const std::shared_ptr<Consumer>& consumer) = 0;
  // It has something for the ledger.
  virtual void Due(Consumer* consumer) = 0;
  // It has ended, and has nothing for the ledger.
  virtual void Forget(Consumer* consumer) = 0;

  Hub* const hub;
  const std::shared_ptr<LogSource> source;
  const std::shared_ptr<PlaceKeeper> keeper;
  const CaptionEncoder* const encoder;
  observability::Logger* const log;
  const Consumers::Options options;
  SubscriptionMetrics metrics;
};

// One connection: attaches, finds its place, opens a stream of the hub there and answers for its
// alerts. It stands between the hub's session and the carrier, whose Finish it passes on.
class Consumer final : public Connection,
                       public StreamSink,
                       public Receiver,
                       public std::enable_shared_from_this<Consumer> {
 public:
  Consumer(std::shared_ptr<ConsumerHouse> house, Consumers::Request request, StreamSink* sink);

  void Start();

  // Connection.
  void OnWritten(bool ok) override;
  void OnCancelled() override;
  void Acknowledge(uint64_t through, absl::Span<const uint64_t> singles) override;
  void SetWindow(DeliveryBook::Window window) override;
  void Fail(absl::Status status) override { EndWith(std::move(status)); }
  void OnSentAll() override;

  // Of the hub's session.
  void Write(std::vector<SharedBytes> pieces) override;
  void Finish(absl::Status status) override;
  DeliveryBook::Room room() override { return book_.room(); }
  bool Acknowledged(int partition, int64_t position) override {
    return book_.Acknowledged(partition, position);
  }
  bool HasNews() override { return book_.has_receipt(); }
  SharedBytes OnMessage(absl::Span<const Delivery> deliveries, const ledger::Place& place) override;

  // For whoever talks to the ledger. What it is to keep now, and what came of that.
  ledger::PlaceUpdate MakeUpdate();
  void OnKept(ledger::PlaceResult result);
  void OnNotKept() { book_.NotKept(); }
  // A newer connection of the subscription has come.
  void OnTakenOver();

  const ledger::SubscriptionKey& key() const { return request_.key; }
  int64_t generation() const;
  size_t unacknowledged() const { return book_.unacknowledged(); }
  bool attached() const;

 private:
  void OnAttached(absl::StatusOr<ledger::Attachment> attachment);
  void OnPlace(absl::StatusOr<ledger::Place> place);
  void TellGap(const absl::Status& status);
  void Begin(ledger::Place place, bool keeps_singles);
  // Ends a connection whose stream has not begun, where something says so. True: it has ended.
  bool EndsEarly(absl::Status status);
  void EndWith(absl::Status status);
  void Poke();
  std::shared_ptr<Session> session() const;

  const std::shared_ptr<ConsumerHouse> house_;
  const Consumers::Request request_;
  StreamSink* const sink_;
  DeliveryBook book_;

  mutable base::Mutex mutex_;
  std::shared_ptr<Session> session_ ABSL_GUARDED_BY(mutex_);
  ledger::Attachment attachment_ ABSL_GUARDED_BY(mutex_);
  bool attached_ ABSL_GUARDED_BY(mutex_) = false;  // and not taken over or deleted since
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool sent_all_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<bool> owed_written_ ABSL_GUARDED_BY(mutex_);  // came before the session was known
  std::optional<absl::Status> fate_ ABSL_GUARDED_BY(mutex_);  // came before the stream began
  std::optional<Caption::Gap> gap_ ABSL_GUARDED_BY(mutex_);   // to be told
};

}  // namespace supervision::alerting
