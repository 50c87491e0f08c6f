#include "services/alerting/consumers.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "services/alerting/consumer.h"
#include "services/alerting/ledger_source.h"
#include "services/base/mutex.h"

namespace supervision::alerting {
namespace {

// A connection that has given no sign of life for so many heartbeats is nobody's any more.
constexpr int kBeatsOfALife = 5;

}  // namespace

// Knows who is connected and talks to the ledger for all of them: one call at a time, with whatever
// is due by then. A connection stays known until the ledger knows that it has left.
class Consumers::Core final : public ConsumerHouse, public std::enable_shared_from_this<Core> {
 public:
  Core(const Parts& parts, const Options& options)
      : ConsumerHouse(parts, options), scheduler_(parts.scheduler) {}

  std::shared_ptr<Connection> Open(Request request, StreamSink* sink);
  void Beat();
  void Stop();

  void OnAttached(const std::shared_ptr<Consumer>& consumer) override;
  void Due(Consumer* consumer) override;
  void Forget(Consumer* consumer) override;

  std::map<std::string, OwnerConnections> ByOwner() const;
  bool idle() const;
  size_t size() const {
    base::MutexLock lock(&mutex_);
    return members_.size();
  }

 private:
  struct Member {
    std::shared_ptr<Consumer> consumer;
    bool leaves = false;  // with the call that is under way
  };
  using Batch = std::vector<Member>;

  void Flush();
  void TryAgainLater(const Batch& batch);
  void OnFlushed(const Batch& batch, absl::StatusOr<std::vector<ledger::PlaceResult>> results);
  void ForgetLocked(Consumer* consumer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<Scheduler> scheduler_;
  mutable base::Mutex mutex_;
  absl::flat_hash_map<Consumer*, std::shared_ptr<Consumer>> members_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<ledger::SubscriptionKey, Consumer*> newest_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<Consumer*> due_ ABSL_GUARDED_BY(mutex_);
  bool flushing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Scheduler::Timer> beat_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Scheduler::Timer> retry_ ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<Connection> Consumers::Core::Open(Request request, StreamSink* sink) {
  auto consumer = std::make_shared<Consumer>(shared_from_this(), std::move(request), sink);
  {
    base::MutexLock lock(&mutex_);
    members_.emplace(consumer.get(), consumer);
    metrics.connections.Set(static_cast<double>(members_.size()));
  }
  consumer->Start();
  return consumer;
}

void Consumers::Core::OnAttached(const std::shared_ptr<Consumer>& consumer) {
  std::shared_ptr<Consumer> older;
  {
    base::MutexLock lock(&mutex_);
    if (stopped_) return;
    Consumer*& newest = newest_[consumer->key()];
    if (newest != nullptr) {
      Consumer* const other = newest;
      const bool other_is_older = other->generation() < consumer->generation();
      older = other_is_older ? members_.at(other) : consumer;
      if (other_is_older) newest = consumer.get();
    } else {
      newest = consumer.get();
    }
  }
  if (older != nullptr) older->OnTakenOver();
}

void Consumers::Core::Forget(Consumer* consumer) {
  base::MutexLock lock(&mutex_);
  ForgetLocked(consumer);
}

void Consumers::Core::ForgetLocked(Consumer* consumer) {
  due_.erase(consumer);
  const auto newest = newest_.find(consumer->key());
  if (newest != newest_.end() && newest->second == consumer) newest_.erase(newest);
  members_.erase(consumer);
  metrics.connections.Set(static_cast<double>(members_.size()));
}

void Consumers::Core::Due(Consumer* consumer) {
  {
    base::MutexLock lock(&mutex_);
    if (members_.contains(consumer)) due_.insert(consumer);
  }
  Flush();
}

void Consumers::Core::Flush() {
  auto batch = std::make_shared<Batch>();
  {
    base::MutexLock lock(&mutex_);
    if (flushing_ || stopped_ || due_.empty()) return;
    flushing_ = true;
    while (!due_.empty() && batch->size() < options.max_batch) {
      batch->push_back({members_.at(*due_.begin()), false});
      due_.erase(due_.begin());
    }
  }
  std::vector<ledger::PlaceUpdate> updates;
  updates.reserve(batch->size());
  for (Member& member : *batch) {
    updates.push_back(member.consumer->MakeUpdate());
    member.leaves = updates.back().leaves;
  }
  metrics.groups.Increment();
  metrics.group_size.Observe(static_cast<double>(batch->size()));
  keeper->Keep(std::move(updates), [weak = weak_from_this(), batch](
                                       absl::StatusOr<std::vector<ledger::PlaceResult>> results) {
    if (const auto self = weak.lock()) self->OnFlushed(*batch, std::move(results));
  });
}

void Consumers::Core::OnFlushed(const Batch& batch,
                                absl::StatusOr<std::vector<ledger::PlaceResult>> results) {
  if (!results.ok()) return TryAgainLater(batch);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].leaves) {
      Forget(batch[i].consumer.get());
    } else {
      batch[i].consumer->OnKept((*results)[i]);
    }
  }
  {
    base::MutexLock lock(&mutex_);
    flushing_ = false;
  }
  Flush();
}

// Whatever became of the call, the places are still right: the same again changes nothing.
void Consumers::Core::TryAgainLater(const Batch& batch) {
  metrics.group_failures.Increment();
  for (const Member& member : batch) member.consumer->OnNotKept();
  base::MutexLock lock(&mutex_);
  flushing_ = false;
  for (const Member& member : batch) {
    if (members_.contains(member.consumer.get())) due_.insert(member.consumer.get());
  }
  if (stopped_) return;
  retry_ = scheduler_->RunAfter(options.retry_delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Flush();
  });
}

// Every connection gives a sign of life, by which it also learns whether a newer one has come, and
// keeps what its place has moved over without anybody's word.
void Consumers::Core::Beat() {
  size_t unacknowledged = 0;
  {
    base::MutexLock lock(&mutex_);
    if (stopped_) return;
    for (const auto& [key, consumer] : members_) {
      unacknowledged += consumer->unacknowledged();
      if (consumer->attached()) due_.insert(key);
    }
    beat_ = scheduler_->RunAfter(options.heartbeat, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Beat();
    });
  }
  metrics.unacknowledged.Set(static_cast<double>(unacknowledged));
  Flush();
}

// Whoever's leaving the ledger has not taken is known for nothing any more; they hold this in turn.
void Consumers::Core::Stop() {
  absl::flat_hash_map<Consumer*, std::shared_ptr<Consumer>> left;  // outlives the lock
  base::MutexLock lock(&mutex_);
  stopped_ = true;
  beat_.reset();
  retry_.reset();
  due_.clear();
  newest_.clear();
  left.swap(members_);
  metrics.connections.Set(0);
}

std::map<std::string, OwnerConnections> Consumers::Core::ByOwner() const {
  std::map<std::string, OwnerConnections> owners;
  base::MutexLock lock(&mutex_);
  for (const auto& [key, consumer] : members_) {
    OwnerConnections& owner = owners[consumer->key().owner];
    ++owner.count;
    owner.unacknowledged += consumer->unacknowledged();
  }
  return owners;
}

bool Consumers::Core::idle() const {
  base::MutexLock lock(&mutex_);
  return due_.empty() && !flushing_;
}

Consumers::Consumers(Parts parts, Options options) : core_(std::make_shared<Core>(parts, options)) {
  core_->Beat();
}

Consumers::Consumers(Hub* hub, ledger::Ledger* ledger, redis::Loop* loop, std::string replica,
                     const CaptionEncoder* encoder, observability::Logger* log,
                     prometheus::Registry* metrics, Options options)
    : Consumers(Parts{.hub = hub,
                      .source = std::make_shared<LedgerSource>(ledger),
                      .keeper = std::make_shared<LedgerPlaceKeeper>(
                          ledger, LedgerPlaceKeeper::Options{std::move(replica),
                                                             kBeatsOfALife * options.heartbeat,
                                                             options.read_timeout}),
                      .scheduler = std::make_shared<LoopScheduler>(loop),
                      .encoder = encoder,
                      .log = log,
                      .metrics = metrics},
                options) {}

Consumers::~Consumers() { core_->Stop(); }

std::shared_ptr<Connection> Consumers::Open(Request request, StreamSink* sink) {
  return core_->Open(std::move(request), sink);
}
bool Consumers::idle() const { return core_->idle(); }
size_t Consumers::size() const { return core_->size(); }
std::map<std::string, OwnerConnections> Consumers::ByOwner() const { return core_->ByOwner(); }

}  // namespace supervision::alerting
