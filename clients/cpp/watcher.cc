#include "clients/cpp/watcher.h"

#include <algorithm>
#include <random>
#include <utility>

#include "clients/cpp/proto_time.h"
#include "clients/cpp/steady_clock.h"
#include "grpcpp/support/client_callback.h"

namespace supervision::client {

// The reactions of one stream: they only report to the watcher, whose thread reads on.
class Watcher::Stream final : public grpc::ClientReadReactor<v1::WatchAlertsResponse> {
 public:
  Stream(Watcher* owner, const v1::WatchAlertsRequest& request) : owner_(owner), request_(request) {
    owner_->client_->Authorize(context_);
    owner_->client_->alert_streams().async()->WatchAlerts(&context_, &request_, this);
    AddHold();
    StartRead(&message);
    StartCall();
  }

  // Once `message` is handled; the hold lets it start outside of a reaction.
  void ReadNext() { StartRead(&message); }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override { owner_->Heard(ok); }
  // Last: the watcher's thread may delete this as soon as it knows.
  void OnDone(const grpc::Status& status) override { owner_->Done(ToAbslStatus(status)); }

  v1::WatchAlertsResponse message;

 private:
  Watcher* const owner_;
  const v1::WatchAlertsRequest request_;
  grpc::ClientContext context_;
};

Watcher::Watcher(Client* client, WatcherOptions options, Callbacks callbacks)
    : client_(client),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      backoff_(options_.backoff, std::random_device{}()) {}

Watcher::~Watcher() = default;

absl::Status Watcher::Run() {
  last_message_ = SteadyNow();
  while (true) {
    const absl::Status status = RunStream();
    {
      base::MutexLock lock(&mutex_);
      if (stopped_) return absl::OkStatus();
    }
    const Error error = ErrorOf(status);
    if (!status.ok() && !IsTransientForStream(error)) return status;
    absl::Duration delay = std::exchange(ending_delay_, absl::ZeroDuration());
    delay += status.ok() ? backoff_.Next() : DelayAfter(error, backoff_);
    if (SteadyNow() + delay - last_message_ >= options_.patience) {
      return status.ok() ? absl::UnavailableError("The service ends every stream at once.")
                         : status;
    }
    if (callbacks_.on_break) callbacks_.on_break(status, delay);
    if (!Sleep(delay)) return absl::OkStatus();
  }
}

absl::Status Watcher::RunStream() {
  {
    base::MutexLock lock(&mutex_);
    message_ready_ = reading_over_ = done_ = false;
  }
  Stream stream(this, NextRequest());
  absl::Status silence;
  bool cancelled = false;
  absl::Duration limit = options_.opening_limit;
  while (true) {
    const Event event = WaitForEvent(cancelled, limit);
    switch (event) {
      case Event::kMessage:
        if (!cancelled) Handle(stream.message);
        stream.ReadNext();
        limit = options_.silence_limit;
        break;
      case Event::kOver: {
        stream.RemoveHold();
        const absl::Status end = WaitForEnd();
        return silence.ok() ? end : silence;
      }
      case Event::kSilence:
      case Event::kStopped:
        if (event == Event::kSilence) {
          silence = absl::UnavailableError("The stream was silent for too long.");
        }
        cancelled = true;
        stream.Cancel();
        break;
    }
  }
}

v1::WatchAlertsRequest Watcher::NextRequest() const {
  v1::WatchAlertsRequest request;
  *request.mutable_filter() = options_.filter;
  request.set_include_silenced(options_.include_silenced);
  if (options_.cursor.empty()) {
    request.set_start_from(options_.start_from);
  } else {
    request.set_cursor(options_.cursor);
  }
  if (options_.bookmark_interval > absl::ZeroDuration()) {
    SetDuration(options_.bookmark_interval, request.mutable_bookmark_interval());
  }
  return request;
}

void Watcher::Handle(const v1::WatchAlertsResponse& message) {
  backoff_.Reset();
  last_message_ = SteadyNow();
  if (message.has_ending()) ending_delay_ = DurationOf(message.ending().retry_after());
  // The cursor counts once its updates are handled.
  const std::string cursor = message.cursor().empty() ? options_.cursor : message.cursor();
  if (callbacks_.on_updates) callbacks_.on_updates(message.updates(), cursor);
  options_.cursor = cursor;
  if (callbacks_.on_notice && message.notice() != v1::STREAM_NOTICE_UNSPECIFIED) {
    callbacks_.on_notice(message.notice());
  }
}

Watcher::Event Watcher::WaitForEvent(bool cancelled, absl::Duration limit) {
  const absl::Time until = SteadyNow() + limit;
  base::MutexLock lock(&mutex_);
  while (true) {
    if (stopped_ && !cancelled) return Event::kStopped;
    if (std::exchange(message_ready_, false)) return Event::kMessage;
    if (reading_over_) return Event::kOver;
    const absl::Duration left = until - SteadyNow();
    if (cancelled) {
      changed_.Wait(&mutex_);
    } else if (left <= absl::ZeroDuration()) {
      return Event::kSilence;
    } else {
      changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(left));
    }
  }
}

absl::Status Watcher::WaitForEnd() {
  base::MutexLock lock(&mutex_);
  while (!done_) changed_.Wait(&mutex_);
  return status_;
}

bool Watcher::Sleep(absl::Duration duration) {
  const absl::Time until = SteadyNow() + duration;
  base::MutexLock lock(&mutex_);
  while (!stopped_) {
    const absl::Duration left = until - SteadyNow();
    if (left <= absl::ZeroDuration()) return true;
    changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(left));
  }
  return false;
}

void Watcher::Stop() {
  base::MutexLock lock(&mutex_);
  stopped_ = true;
  changed_.SignalAll();
}

void Watcher::Heard(bool ok) {
  base::MutexLock lock(&mutex_);
  (ok ? message_ready_ : reading_over_) = true;
  changed_.SignalAll();
}

void Watcher::Done(const absl::Status& status) {
  base::MutexLock lock(&mutex_);
  done_ = true;
  status_ = status;
  changed_.SignalAll();
}

}  // namespace supervision::client
