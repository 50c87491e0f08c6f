#include "clients/cpp/consumer.h"

#include <algorithm>
#include <random>

#include "clients/cpp/proto_time.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/steady_clock.h"

namespace supervision::client {
namespace {

// For how long the service may take to keep the last acknowledgements.
constexpr absl::Duration kGoodbyeLimit = absl::Seconds(10);
// More than a window can hold: what has been handled and may come again.
constexpr size_t kMostHandled = 20'000;
// The shortest lease that a subscription may have, and the part of one after which it is extended.
constexpr absl::Duration kShortestLease = absl::Seconds(5);
constexpr double kExtendAfter = 1.0 / 3;
constexpr absl::Duration kLeaseLookUpLimit = absl::Seconds(2);
constexpr size_t kMostNumbers = 1000;  // in one message

}  // namespace

Consumer::Consumer(Client* client, ConsumerOptions options, Callbacks callbacks)
    : client_(client),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      reader_(NewRequestId()),
      backoff_(options_.backoff, std::random_device{}()),
      handled_(kMostHandled) {}

Consumer::~Consumer() = default;

absl::Status Consumer::Run() {
  last_message_ = SteadyNow();
  std::thread guard([this] { Guard(); });
  absl::Status result;
  while (true) {
    const absl::Status status = RunStream();
    if (stopped()) break;
    const Error error = ErrorOf(status);
    if (!status.ok() && !IsTransientForStream(error)) {
      result = status;
      break;
    }
    absl::Duration delay = std::exchange(ending_delay_, absl::ZeroDuration());
    delay += status.ok() ? backoff_.Next() : DelayAfter(error, backoff_);
    if (SteadyNow() + delay - last_message_ >= options_.patience) {
      result =
          status.ok() ? absl::UnavailableError("The service ends every stream at once.") : status;
      break;
    }
    if (callbacks_.on_break) callbacks_.on_break(status, delay);
    if (!Sleep(delay)) break;
  }
  {
    base::MutexLock lock(&mutex_);
    over_ = true;
    changed_.SignalAll();
  }
  guard.join();
  return result;
}

absl::Status Consumer::RunStream() {
  grpc::ClientContext context;
  client_->Authorize(context);
  const std::unique_ptr<Stream> stream = client_->subscription_streams().ConsumeAlerts(&context);
  {
    base::MutexLock lock(&mutex_);
    context_ = &context;
    stream_ = stream.get();
    closed_ = silent_ = opened_ = false;
    ++streams_;
    lease_.reset();  // a change of it ends the stream
    silent_at_ = SteadyNow() + options_.opening_limit;
    changed_.SignalAll();
  }
  v1::ConsumeAlertsResponse message;
  if (Open()) {
    while (stream->Read(&message)) {
      {
        base::MutexLock lock(&mutex_);
        handling_ = opened_ = true;
        silent_at_ = absl::InfiniteFuture();
      }
      Handle(message);
      base::MutexLock lock(&mutex_);
      handling_ = false;
      silent_at_ = SteadyNow() + (stopped_ ? kGoodbyeLimit : options_.silence_limit);
      if (stopped_) CloseOurSide();
    }
  }
  bool silent = false;
  {
    base::MutexLock lock(&mutex_);
    context_ = nullptr;
    stream_ = nullptr;
    silent_at_ = absl::InfiniteFuture();
    silent = silent_;
  }
  const absl::Status status = ToAbslStatus(stream->Finish());
  return silent ? absl::UnavailableError("The stream was silent for too long.") : status;
}

bool Consumer::Open() {
  v1::ConsumeAlertsRequest request;
  request.mutable_open()->set_subscription(options_.subscription);
  request.mutable_open()->mutable_window()->set_alerts(options_.window_alerts);
  if (options_.bookmark_interval > absl::ZeroDuration()) {
    SetDuration(options_.bookmark_interval, request.mutable_open()->mutable_bookmark_interval());
  }
  if (options_.share) {
    request.mutable_open()->set_share(true);
  } else {
    request.mutable_open()->set_reader(reader_);
    request.mutable_open()->set_attempt(++attempt_);
  }
  return stream_->Write(request);
}

void Consumer::Handle(const v1::ConsumeAlertsResponse& message) {
  backoff_.Reset();
  last_message_ = SteadyNow();
  if (message.has_ending()) ending_delay_ = DurationOf(message.ending().retry_after());
  if (callbacks_.on_message) callbacks_.on_message();
  if (options_.share) return HandleShare(message);
  uint64_t done = 0;
  if (message.has_gap()) {
    if (callbacks_.on_gap && !callbacks_.on_gap(message.gap())) return Stop();
    done = message.gap().delivery();
  }
  for (int i = 0; i < message.updates_size(); ++i) {
    const v1::AlertUpdate& update = message.updates(i);
    if (stopped()) break;
    if (!handled_.Note(update) && !callbacks_.on_update(update)) {
      Stop();
      break;
    }
    done = message.first_delivery() + static_cast<uint64_t>(i);
  }
  if (done > 0) Acknowledge(done);
}

// What was handled before and comes again was acknowledged too late: it is done all the same.
void Consumer::HandleShare(const v1::ConsumeAlertsResponse& message) {
  {
    base::MutexLock lock(&mutex_);
    leased_at_ = SteadyNow();
  }
  const uint64_t end = message.first_delivery() + static_cast<uint64_t>(message.updates_size());
  for (int i = 0; i < message.updates_size() && !stopped(); ++i) {
    const v1::AlertUpdate& update = message.updates(i);
    const uint64_t delivery = message.first_delivery() + static_cast<uint64_t>(i);
    Hold(delivery, end);
    const bool done = handled_.Note(update) || callbacks_.on_update(update);
    LetGo();
    v1::ConsumeAlertsRequest request;
    if (done) {
      request.mutable_acknowledge()->add_deliveries(delivery);
    } else {
      handled_.Forget(update);
      request.mutable_reject()->add_deliveries(delivery);
      request.mutable_reject()->set_reason(callbacks_.reject_reason ? callbacks_.reject_reason()
                                                                    : options_.reject_reason);
    }
    Send(request);
  }
}

void Consumer::Hold(uint64_t from, uint64_t to) {
  base::MutexLock lock(&mutex_);
  held_from_ = from;
  held_to_ = std::min(to, from + kMostNumbers);
  hold_until_ = SteadyNow() + options_.hold_limit;
}

void Consumer::LetGo() {
  base::MutexLock lock(&mutex_);
  held_from_ = held_to_;
  while (extending_) changed_.Wait(&mutex_);
}

void Consumer::Acknowledge(uint64_t through) {
  v1::ConsumeAlertsRequest request;
  request.mutable_acknowledge()->set_through(through);
  Send(request);
}

void Consumer::Send(const v1::ConsumeAlertsRequest& request) {
  bool closed = false;
  {
    base::MutexLock lock(&mutex_);
    closed = closed_;
  }
  if (!closed) stream_->Write(request);
}

void Consumer::CloseOurSide() {
  if (std::exchange(closed_, true) || stream_ == nullptr) return;
  stream_->WritesDone();
}

void Consumer::Stop() {
  base::MutexLock lock(&mutex_);
  stopped_ = true;
  changed_.SignalAll();
  if (handling_) return;  // the acknowledgement goes first
  if (!opened_) {
    if (context_ != nullptr) context_->TryCancel();  // it may never be connected
    return;
  }
  silent_at_ = std::min(silent_at_, SteadyNow() + kGoodbyeLimit);
  CloseOurSide();
}

bool Consumer::stopped() {
  base::MutexLock lock(&mutex_);
  return stopped_;
}

void Consumer::Guard() {
  constexpr absl::Duration kLook = absl::Milliseconds(200);
  while (true) {
    {
      base::MutexLock lock(&mutex_);
      if (over_) return;
      CancelIfSilent();
      changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(kLook));
    }
    ExtendIfDue();
  }
}

void Consumer::CancelIfSilent() {
  if (context_ == nullptr || SteadyNow() < silent_at_) return;
  silent_ = true;
  silent_at_ = absl::InfiniteFuture();
  context_->TryCancel();
}

bool Consumer::ExtensionIsDue() {
  const absl::Time now = SteadyNow();
  return held_from_ < held_to_ && now < hold_until_ &&
         now >= leased_at_ + kExtendAfter * lease_.value_or(kShortestLease);
}

void Consumer::ExtendIfDue() {
  bool known = false;
  {
    base::MutexLock lock(&mutex_);
    if (!ExtensionIsDue()) return;
    known = lease_.has_value();
  }
  // Only who is slow needs to know.
  if (!known) LookUpLease();
  v1::ConsumeAlertsRequest request;
  {
    base::MutexLock lock(&mutex_);
    if (!ExtensionIsDue()) return;
    for (uint64_t delivery = held_from_; delivery < held_to_; ++delivery) {
      request.mutable_extend()->add_deliveries(delivery);
    }
    leased_at_ = SteadyNow();
    extending_ = true;
  }
  stream_->Write(request);
  base::MutexLock lock(&mutex_);
  extending_ = false;
  changed_.SignalAll();
}

void Consumer::LookUpLease() {
  uint64_t stream = 0;
  {
    base::MutexLock lock(&mutex_);
    stream = streams_;
  }
  v1::GetSubscriptionRequest request;
  request.set_name(options_.subscription);
  const auto response =
      client_->GetSubscription(request, {.timeout = kLeaseLookUpLimit, .retry = false});
  absl::Duration lease = kShortestLease;
  if (response.ok()) {
    lease = std::max(lease, DurationOf(response->subscription().sharing().lease()));
  }
  base::MutexLock lock(&mutex_);
  if (streams_ == stream) lease_ = lease;
}

bool Consumer::Sleep(absl::Duration duration) {
  const absl::Time until = SteadyNow() + duration;
  base::MutexLock lock(&mutex_);
  while (!stopped_ && SteadyNow() < until) {
    changed_.WaitFor(&mutex_, absl::ToChronoNanoseconds(until - SteadyNow()));
  }
  return !stopped_;
}

}  // namespace supervision::client
