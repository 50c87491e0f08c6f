#include "services/alerting/hub.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "services/alerting/stream_house.h"
#include "services/alerting/stream_session.h"
#include "services/base/mutex.h"
#include "services/domain/error.h"

namespace supervision::alerting {
namespace {

// The loop has other work too: after so many streams it may do some of it.
constexpr size_t kWakesAtOnce = 64;

// Stands for a stream that was not opened.
class RefusedSession final : public Session {
 public:
  void OnWritten(bool) override {}
  void OnCancelled() override {}
  void OnReceiverChanged() override {}
  void End(absl::Status) override {}
  void EndGently(EndingReason) override {}
};

}  // namespace

class Hub::Core final : public StreamHouse, public std::enable_shared_from_this<Core> {
 public:
  Core(std::shared_ptr<LogSource> source, std::shared_ptr<Scheduler> scheduler,
       const AlertEncoder* encoder, observability::Logger* log, prometheus::Registry* registry,
       const Options& options)
      : StreamHouse(std::move(source), std::move(scheduler), encoder, registry, options),
        log_(log) {}

  std::shared_ptr<Session> Open(Request request, StreamSink* sink);
  void Drain(absl::Duration spread, std::function<void()> done);
  void CloseAll();
  void OnEntries(int partition, absl::Span<const ledger::LogEntryPtr> entries);
  void OnNewEpoch(int partition, int64_t epoch, int64_t first);
  // Looks at once, which tells the ring where it begins, and then in each interval whether the tail
  // has told what the ledger had an interval ago. What it has not, streams read for themselves: a
  // tail that stands still must never mean silence.
  void WatchTail(absl::Duration after);

  void WakeLater(std::vector<Tail::Wake> wakes) override;
  void OnEnding(StreamSession* session) override;
  void OnEnded() override;

  size_t open_streams() const {
    base::MutexLock lock(&mutex_);
    return open_;
  }
  Census census() const;

 private:
  void CheckTail(absl::StatusOr<ledger::Place> latest);
  void Wake(std::vector<Tail::Wake> wakes);
  std::vector<std::shared_ptr<StreamSession>> Sessions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  observability::Logger* const log_;
  std::optional<ledger::Place> expected_;  // belongs to the loop's thread
  mutable base::Mutex mutex_;
  std::unique_ptr<Scheduler::Timer> watch_timer_ ABSL_GUARDED_BY(mutex_);
  base::CondVar ended_;
  absl::flat_hash_map<const StreamSession*, std::shared_ptr<StreamSession>> sessions_
      ABSL_GUARDED_BY(mutex_);
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;  // until Finish has returned
  uint32_t opened_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> drained_ ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<Session> Hub::Core::Open(Request request, StreamSink* sink) {
  const auto house = shared_from_this();
  std::shared_ptr<StreamSession> session;
  domain::Reason refused = domain::Reason::kDraining;
  {
    base::MutexLock lock(&mutex_);
    if (open_ >= options.max_streams) refused = domain::Reason::kTooManyStreams;
    if (!draining_ && open_ < options.max_streams) {
      session = std::make_shared<StreamSession>(house, std::move(request), sink, ++opened_);
      sessions_.emplace(session.get(), session);
      metrics.open.Set(static_cast<double>(++open_));
    }
  }
  if (session == nullptr) {
    metrics.refused.Increment();
    scheduler->Post(
        [sink, status = domain::MakeError(refused, options.retry_delay)] { sink->Finish(status); });
    return std::make_shared<RefusedSession>();
  }
  session->Start();
  return session;
}

void Hub::Core::Drain(absl::Duration spread, std::function<void()> done) {
  std::vector<std::shared_ptr<StreamSession>> sessions;
  {
    base::MutexLock lock(&mutex_);
    draining_ = true;
    sessions = Sessions();
    if (open_ > 0) {
      drained_.push_back(std::move(done));
      done = nullptr;
    }
  }
  log_->Info("alert_streams_draining", {{"streams", static_cast<int64_t>(sessions.size())}});
  if (done != nullptr) scheduler->Post(std::move(done));
  const absl::Duration now = scheduler->Now();
  const absl::Duration by = now + spread + options.drain_grace;
  for (size_t i = 0; i < sessions.size(); ++i) {
    sessions[i]->Drain(
        {now + spread * static_cast<double>(i) / static_cast<double>(sessions.size()), by});
  }
}

void Hub::Core::CloseAll() {
  std::vector<std::shared_ptr<StreamSession>> sessions;
  {
    base::MutexLock lock(&mutex_);
    draining_ = true;
    closed_ = true;
    watch_timer_.reset();
    sessions = Sessions();
  }
  for (const auto& session : sessions) session->Close();
  base::MutexLock lock(&mutex_);
  while (open_ > 0) ended_.Wait(&mutex_);
}

void Hub::Core::OnEntries(int partition, absl::Span<const ledger::LogEntryPtr> entries) {
  Wake(tail.Append(partition, entries, scheduler->Now()));
  const Tail::Size size = tail.size();
  metrics.tail_entries.Set(static_cast<double>(size.entries));
  metrics.tail_bytes.Set(static_cast<double>(size.bytes));
}

void Hub::Core::OnNewEpoch(int partition, int64_t epoch, int64_t first) {
  log_->Warning(
      "alert_streams_new_epoch",
      {{"partition", static_cast<int64_t>(partition)}, {"epoch", epoch}, {"first", first}});
  Wake(tail.BeginEpoch(partition, epoch, first));
}

void Hub::Core::WatchTail(absl::Duration after) {
  base::MutexLock lock(&mutex_);
  if (closed_) return;
  watch_timer_ = scheduler->RunAfter(after, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->source->LatestPlace(
        self->options.read_timeout, [weak](absl::StatusOr<ledger::Place> latest) {
          const auto self = weak.lock();
          if (self == nullptr) return;
          const absl::Duration pause =
              latest.ok() ? self->options.bookmark_interval : self->options.retry_delay;
          self->CheckTail(std::move(latest));
          self->WatchTail(pause);
        });
  });
}

void Hub::Core::CheckTail(absl::StatusOr<ledger::Place> latest) {
  if (expected_.has_value()) {
    if (std::optional<std::vector<Tail::Wake>> wakes = tail.SkipTo(*expected_)) {
      log_->Warning("alert_tail_stands_still");
      metrics.tail_stalls.Increment();
      Wake(*std::move(wakes));
    }
  }
  expected_.reset();
  if (!latest.ok()) return;
  WakeLater(tail.Learn(*latest, std::nullopt));
  expected_ = *std::move(latest);
}

void Hub::Core::WakeLater(std::vector<Tail::Wake> wakes) {
  if (wakes.empty()) return;
  auto shared = std::make_shared<std::vector<Tail::Wake>>(std::move(wakes));
  scheduler->Post([weak = weak_from_this(), shared] {
    if (const auto self = weak.lock()) self->Wake(std::move(*shared));
  });
}

void Hub::Core::Wake(std::vector<Tail::Wake> wakes) {
  const size_t now = std::min(wakes.size(), kWakesAtOnce);
  for (size_t i = 0; i < now; ++i) wakes[i].listener->OnTail(wakes[i].index);
  wakes.erase(wakes.begin(), wakes.begin() + static_cast<ptrdiff_t>(now));
  WakeLater(std::move(wakes));
}

void Hub::Core::OnEnding(StreamSession* session) {
  base::MutexLock lock(&mutex_);
  sessions_.erase(session);
}

void Hub::Core::OnEnded() {
  std::vector<std::function<void()>> drained;
  base::MutexLock lock(&mutex_);
  metrics.open.Set(static_cast<double>(--open_));
  if (open_ > 0) return;
  bundles.Clear();
  ended_.SignalAll();
  drained.swap(drained_);
  for (std::function<void()>& done : drained) scheduler->Post(std::move(done));
}

std::vector<std::shared_ptr<StreamSession>> Hub::Core::Sessions() {
  std::vector<std::shared_ptr<StreamSession>> sessions;
  sessions.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_) sessions.push_back(session);
  return sessions;
}

Hub::Census Hub::Core::census() const {
  const Tail::Size size = tail.size();
  Census census;
  census.views = size.audiences;
  census.waiting = size.waiting;
  census.tail_entries = size.entries;
  census.tail_bytes = size.bytes;
  census.deadlines = deadlines->size();
  census.reads_waiting = pages->waiting();
  census.shelf_bytes = shelf->kept_bytes();
  census.bundle_bytes = bundles.bytes();
  base::MutexLock lock(&mutex_);
  census.sessions = sessions_.size();
  return census;
}

Hub::Hub(LogSource* source, Scheduler* scheduler, const AlertEncoder* encoder,
         observability::Logger* log, prometheus::Registry* metrics, Options options)
    : Hub(Ports{std::shared_ptr<LogSource>(std::shared_ptr<void>(), source),
                std::shared_ptr<Scheduler>(std::shared_ptr<void>(), scheduler)},
          encoder, log, metrics, std::move(options)) {}

Hub::Hub(Ports ports, const AlertEncoder* encoder, observability::Logger* log,
         prometheus::Registry* metrics, Options options)
    : core_(std::make_shared<Core>(std::move(ports.source), std::move(ports.scheduler), encoder,
                                   log, metrics, options)) {
  core_->source->Follow(this);
  core_->WatchTail(absl::ZeroDuration());
}

Hub::~Hub() {
  core_->source->Follow(nullptr);
  core_->CloseAll();
}

std::shared_ptr<Session> Hub::Open(Request request, StreamSink* sink) {
  return core_->Open(std::move(request), sink);
}
void Hub::Drain(absl::Duration spread, std::function<void()> done) {
  core_->Drain(spread, std::move(done));
}
size_t Hub::open_streams() const { return core_->open_streams(); }
Hub::Census Hub::census() const { return core_->census(); }
std::vector<int64_t> Hub::told_positions() const { return core_->tail.told(); }

void Hub::OnEntries(int partition, absl::Span<const ledger::LogEntryPtr> entries) {
  core_->OnEntries(partition, entries);
}
void Hub::OnNewEpoch(int partition, int64_t epoch, int64_t first) {
  core_->OnNewEpoch(partition, epoch, first);
}

}  // namespace supervision::alerting
