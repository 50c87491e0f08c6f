#include "services/alerting/shares.h"

#include <random>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/alerting/ledger_source.h"
#include "services/alerting/share_room.h"
#include "services/base/mutex.h"
#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

// A replica that has given no sign of life for so many heartbeats has no consumers any more.
constexpr int kBeatsOfALife = 5;

}  // namespace

// Knows the rooms, and which of them takes new consumers. Rooms that close are known until the
// ledger knows that they have left.
class Shares::Core final : public ShareHouse, public std::enable_shared_from_this<Core> {
 public:
  Core(const Parts& parts, const Options& options) : ShareHouse(parts, options), hub_(parts.hub) {}

  std::shared_ptr<SharedConnection> Open(Consumers::Request request, StreamSink* sink);
  void Beat();
  void Stop();

  std::shared_ptr<Session> OpenStream(Hub::Request request, StreamSink* sink) override {
    base::MutexLock lock(&mutex_);
    return stopped_ ? nullptr : hub_->Open(std::move(request), sink);
  }
  void OnClosing(ShareRoom* room) override;
  void OnClosed(ShareRoom* room) override;

  size_t size() const {
    base::MutexLock lock(&mutex_);
    return size_;
  }
  std::map<std::string, OwnerConnections> ByOwner() const {
    base::MutexLock lock(&mutex_);
    return owners_;
  }

 private:
  void Abandon();
  void Admit(const std::shared_ptr<ShareConsumer>& consumer);
  void Count();

  Hub* const hub_;  // until it is stopped

  // The scheduler's thread.
  absl::flat_hash_map<ShareRoom*, std::shared_ptr<ShareRoom>> rooms_;
  absl::flat_hash_map<ledger::SubscriptionKey, ShareRoom*> open_;
  std::random_device seeds_;

  mutable base::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  size_t admitting_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t size_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, OwnerConnections> owners_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Scheduler::Timer> beat_ ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<SharedConnection> Shares::Core::Open(Consumers::Request request, StreamSink* sink) {
  auto consumer = std::make_shared<ShareConsumer>(scheduler, std::move(request), sink);
  {
    base::MutexLock lock(&mutex_);
    ++admitting_;
    ++size_;
  }
  scheduler->Post([self = shared_from_this(), consumer] { self->Admit(consumer); });
  return consumer;
}

void Shares::Core::Admit(const std::shared_ptr<ShareConsumer>& consumer) {
  bool stopped = false;
  size_t consumers = 0;
  for (const auto& [key, room] : rooms_) consumers += room->consumers();
  {
    base::MutexLock lock(&mutex_);
    --admitting_;
    stopped = stopped_;
  }
  if (stopped) {
    metrics.turned_away.Increment();
    return consumer->Refuse(domain::MakeError(domain::Reason::kDraining, options.retry_delay));
  }
  if (consumers >= options.max_consumers) {
    metrics.turned_away.Increment();
    consumer->Refuse(domain::MakeError(domain::Reason::kTooManyStreams, options.retry_delay));
    return Count();
  }
  ShareRoom*& open = open_[consumer->key()];
  if (open != nullptr && !(open->scope() == consumer->scope())) {
    // The grant has changed: those who came before it go, and come back with what holds now.
    ShareRoom* const older = std::exchange(open, nullptr);
    older->SendAway(EndingReason::kSubscriptionChanged);
  }
  ShareRoom*& room = open_[consumer->key()];
  if (room == nullptr) {
    const auto made = std::make_shared<ShareRoom>(shared_from_this(), consumer->key(),
                                                  consumer->scope(), seeds_());
    rooms_.emplace(made.get(), made);
    room = made.get();
    made->Join(consumer);
    made->Open();
  } else {
    room->Join(consumer);
  }
  Count();
}

void Shares::Core::OnClosing(ShareRoom* room) {
  const auto open = open_.find(room->key());
  if (open != open_.end() && open->second == room) open_.erase(open);
}

// It may be in the middle of a call.
void Shares::Core::OnClosed(ShareRoom* room) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  scheduler->Post([last = std::move(found->second)] {});
  rooms_.erase(found);
  Count();
}

void Shares::Core::Count() {
  std::map<std::string, OwnerConnections> owners;
  size_t consumers = 0;
  size_t in_hand = 0;
  size_t silent = 0;
  size_t halted = 0;
  for (const auto& [key, room] : rooms_) {
    OwnerConnections& owner = owners[room->key().owner];
    owner.count += room->consumers();
    owner.unacknowledged += room->in_hand();
    consumers += room->consumers();
    in_hand += room->in_hand();
    silent += room->silent();
    if (room->halted()) ++halted;
  }
  metrics.consumers.Set(static_cast<double>(consumers));
  metrics.silent.Set(static_cast<double>(silent));
  metrics.handed_over.Set(static_cast<double>(in_hand));
  metrics.halted.Set(static_cast<double>(halted));
  base::MutexLock lock(&mutex_);
  size_ = consumers + rooms_.size() + admitting_;
  owners_ = std::move(owners);
}

void Shares::Core::Beat() {
  std::vector<std::shared_ptr<ShareRoom>> rooms;
  for (const auto& [key, room] : rooms_) rooms.push_back(room);
  for (const auto& room : rooms) room->Beat();
  Count();
  base::MutexLock lock(&mutex_);
  if (stopped_) return;
  beat_ = scheduler->RunAfter(options.heartbeat, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Beat();
  });
}

void Shares::Core::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stopped_ = true;
    beat_.reset();
    size_ = 0;
  }
  scheduler->Post([self = shared_from_this()] { self->Abandon(); });
}

void Shares::Core::Abandon() {
  for (const auto& [key, room] : rooms_) room->Abandon();
  rooms_.clear();
  open_.clear();
}

Shares::Shares(Parts parts, Options options) : core_(std::make_shared<Core>(parts, options)) {
  core_->scheduler->Post([weak = std::weak_ptr<Core>(core_)] {
    if (const auto core = weak.lock()) core->Beat();
  });
}

Shares::Shares(Hub* hub, ledger::Ledger* ledger, redis::Loop* loop, std::string replica,
               const AlertEncoder* alerts, const CaptionEncoder* captions,
               observability::Logger* log, prometheus::Registry* metrics, Options options)
    : Shares(Parts{.hub = hub,
                   .source = std::make_shared<LedgerSource>(ledger),
                   .keeper = std::make_shared<LedgerShareKeeper>(
                       ledger, LedgerShareKeeper::Options{std::move(replica),
                                                          kBeatsOfALife * options.heartbeat,
                                                          options.read_timeout}),
                   .scheduler = std::make_shared<LoopScheduler>(loop),
                   .alerts = alerts,
                   .captions = captions,
                   .log = log,
                   .metrics = metrics},
             options) {}

Shares::~Shares() { core_->Stop(); }

std::shared_ptr<SharedConnection> Shares::Open(Consumers::Request request, StreamSink* sink) {
  return core_->Open(std::move(request), sink);
}
size_t Shares::size() const { return core_->size(); }
std::map<std::string, OwnerConnections> Shares::ByOwner() const { return core_->ByOwner(); }

}  // namespace supervision::alerting
