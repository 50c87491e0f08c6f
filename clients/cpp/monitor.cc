#include "clients/cpp/monitor.h"

#include <utility>

namespace supervision::client {

struct Monitor::Turn {
  base::Mutex mutex;
  base::CondVar changed;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  bool ended ABSL_GUARDED_BY(mutex) = false;    // on_end has been or is being told
  bool taken ABSL_GUARDED_BY(mutex) = false;    // some thread waits for its callback
  bool running ABSL_GUARDED_BY(mutex) = false;  // a callback runs
  std::thread::id runner ABSL_GUARDED_BY(mutex);
};

Monitor::Monitor(Client* client, MonitorOptions options, Callbacks callbacks)
    : options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      client_(client),
      turn_(std::make_shared<Turn>()),
      place_(options_.place),
      repeats_(options_.remembered) {
  // From LATEST there is no catch-up to be ahead of.
  const bool catches_up =
      !place_.cursor.empty() || options_.watch.start_from != v1::START_FROM_LATEST;
  Open(/*high=*/false);
  if (options_.high_first && catches_up) Open(/*high=*/true);
  for (const auto& stream : streams_) {
    stream->thread = std::thread([this, raw = stream.get()] { Run(raw); });
  }
}

Monitor::~Monitor() {
  Stop();
  for (const auto& stream : streams_) {
    if (stream->thread.joinable()) stream->thread.join();
  }
}

void Monitor::Open(bool high) {
  WatcherOptions options = options_.watch;
  options.cursor = place_.cursor;
  if (high) {
    options.filter.set_min_risk(v1::RISK_HIGH);
    if (!place_.high_cursor.empty()) options.cursor = place_.high_cursor;
  }
  Watcher::Callbacks callbacks;
  callbacks.on_updates = [this, high](const auto& updates, const std::string& cursor) {
    Hear(high, updates, cursor);
  };
  callbacks.on_break = [this](const absl::Status& status, absl::Duration delay) {
    if (callbacks_.on_break) Call([&] { callbacks_.on_break(status, delay); });
  };
  auto stream = std::make_unique<Stream>();
  stream->high = high;
  stream->watcher = std::make_unique<Watcher>(client_, std::move(options), std::move(callbacks));
  streams_.push_back(std::move(stream));
}

void Monitor::Run(Stream* stream) {
  const absl::Status status = stream->watcher->Run();
  if (status.ok()) return;  // stopped
  {
    base::MutexLock lock(&turn_->mutex);
    if (std::exchange(turn_->ended, true)) return;
  }
  Call([&] {
    if (callbacks_.on_end) callbacks_.on_end(status);
    base::MutexLock lock(&turn_->mutex);
    turn_->stopped = true;  // the other stream tells nothing any more
  });
  StopStreams();
}

void Monitor::Hear(bool high, const google::protobuf::RepeatedPtrField<v1::AlertUpdate>& updates,
                   const std::string& cursor) {
  Call([&] {
    std::vector<v1::AlertUpdate> fresh;
    for (const v1::AlertUpdate& update : updates) {
      // What is no longer HIGH has left that stream's view, not the monitor's.
      if (high && update.has_left()) continue;
      if (!repeats_.Note(update)) fresh.push_back(update);
    }
    (high ? place_.high_cursor : place_.cursor) = cursor;
    if (callbacks_.on_updates) callbacks_.on_updates(fresh, place_);
  });
}

void Monitor::Call(const std::function<void()>& callback) {
  // Lives as long as the executor may hold it; `callback` is touched only while this waits.
  const std::shared_ptr<Turn> turn = turn_;
  {
    base::MutexLock lock(&turn->mutex);
    while (turn->taken && !turn->stopped) turn->changed.Wait(&turn->mutex);
    if (turn->stopped) return;
    turn->taken = true;
  }
  const auto done = std::make_shared<bool>(false);
  const auto run = [turn, done, &callback] {
    {
      base::MutexLock lock(&turn->mutex);
      if (turn->stopped) return;
      turn->running = true;
      turn->runner = std::this_thread::get_id();
    }
    callback();
    base::MutexLock lock(&turn->mutex);
    turn->running = false;
    *done = true;
    turn->changed.SignalAll();
  };
  if (options_.executor) {
    options_.executor(run);
  } else {
    run();
  }
  base::MutexLock lock(&turn->mutex);
  // After Stop() one that has not begun never will.
  while (!*done && !(turn->stopped && !turn->running)) turn->changed.Wait(&turn->mutex);
  turn->taken = false;
  turn->changed.SignalAll();
}

void Monitor::StopStreams() {
  for (const auto& stream : streams_) stream->watcher->Stop();
}

void Monitor::Stop() {
  {
    base::MutexLock lock(&turn_->mutex);
    turn_->stopped = true;
    turn_->changed.SignalAll();
  }
  StopStreams();
  base::MutexLock lock(&turn_->mutex);
  while (turn_->running && turn_->runner != std::this_thread::get_id()) {
    turn_->changed.Wait(&turn_->mutex);
  }
}

}  // namespace supervision::client
