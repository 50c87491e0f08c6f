// How a DeliveryClient reads its streams.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cpp/error.h"
#include "tests/faults/delivery_client.h"

namespace supervision::faults {
namespace {

constexpr auto kBetweenStreams = std::chrono::milliseconds(5);

bool MayGoOn(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return true;
    case grpc::StatusCode::INTERNAL:  // what gRPC says of a message that was cut in two
      return status.error_details().empty();
    default:
      return false;
  }
}

}  // namespace

void DeliveryClient::Run() {
  for (int number = 0;; ++number) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + options_.token);
    {
      base::MutexLock lock(&mutex_);
      while (held_ && !stopping_) changed_.Wait(&mutex_);
      if (stopping_ || !error_.empty()) return;
      replica_ = cluster_->AliveFrom(wanted_replica_);
      if (replica_ < 0) {
        changed_.WaitFor(&mutex_, kBetweenStreams);
        continue;
      }
      gate_.SetTarget(cluster_->address(replica_));
      cancelled_ = false;
      context_ = &context;
      record_.connections.push_back(
          {.view = view_in_force_, .opened_at = options_.published->answered});
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt("faults.connection", number);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // Little room on the way, so that who does not read is noticed.
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    const auto channel =
        grpc::CreateCustomChannel(gate_.address(), grpc::InsecureChannelCredentials(), arguments);
    OnEnd(acknowledges() ? Consume(channel, &context) : Watch(channel, &context));
  }
}

void DeliveryClient::OnEnd(const grpc::Status& status) {
  const client::Error error = client::ErrorOf(client::ToAbslStatus(status));
  base::MutexLock lock(&mutex_);
  context_ = nullptr;
  greeted_ = false;
  replica_ = -1;
  // Where it broke it tries another one; who went away by itself said where it wants to go.
  if (!cancelled_) wanted_replica_ = (wanted_replica_ + 1) % DeliveryCluster::kReplicas;
  const auto earliest = error.metadata.find("earliest_cursor");
  if (error.reason == "CURSOR_TRIMMED" && earliest != error.metadata.end()) {
    record_.connections.back().told_gap = true;
    if (options_.kind != Kind::kSnapshot) cursor_ = earliest->second;
  } else if (!MayGoOn(status)) {
    error_ = absl::StrCat(record_.name, ": code ", status.error_code(), " ", error.reason, " ",
                          status.error_message());
  }
  // What is asked of the next one comes at once, what broke waits a little.
  if (!cancelled_ && !stopping_) changed_.WaitFor(&mutex_, kBetweenStreams);
}

bool DeliveryClient::WaitToRead() {
  base::MutexLock lock(&mutex_);
  while (stalled_ && !cancelled_) changed_.Wait(&mutex_);
  return !cancelled_;
}

void DeliveryClient::OnGreeted() {
  if (std::exchange(greeted_, true)) return;
  ++opened_;
  view_greeted_ = std::max(view_greeted_, record_.connections.back().view);
}

void DeliveryClient::Hear(const v1::AlertUpdate& update) {
  Heard heard;
  heard.left = update.has_left();
  // An alert has the id of its clue, but for the first letter.
  heard.what = heard.left ? Told{"c" + update.left().alert_id().substr(1), update.left().version()}
                          : Told{update.alert().clue_id(), update.alert().version()};
  heard.withdrawn = !heard.left && update.alert().kind() == v1::ALERT_KIND_CLUE_WITHDRAWN;
  heard.connection = record_.connections.size() - 1;
  heard.followed = record_.connections.back().snapshot_told_at.has_value();
  heard.latest_view = record_.views.size() - 1;
  record_.heard.push_back(std::move(heard));
}

grpc::Status DeliveryClient::Watch(const std::shared_ptr<grpc::Channel>& channel,
                                   grpc::ClientContext* context) {
  v1::WatchAlertsRequest request;
  request.mutable_bookmark_interval()->set_nanos(200'000'000);
  {
    base::MutexLock lock(&mutex_);
    if (options_.kind == Kind::kSnapshot) {
      request.set_start_from(v1::START_FROM_SNAPSHOT);
      request.mutable_filter()->set_unit(options_.unit);
    } else if (cursor_.empty()) {
      request.set_start_from(v1::START_FROM_LATEST);
    } else {
      request.set_cursor(cursor_);
    }
    request.mutable_filter()->set_region_prefix(
        record_.views[record_.connections.back().view].view.filter);
  }
  const auto stub = v1::AlertService::NewStub(channel);
  const auto stream = stub->WatchAlerts(context, request);
  v1::WatchAlertsResponse message;
  while (WaitToRead() && stream->Read(&message)) {
    base::MutexLock lock(&mutex_);
    OnGreeted();
    for (const v1::AlertUpdate& update : message.updates()) Hear(update);
    if (options_.kind == Kind::kSnapshot) {
      NoteSnapshot(message);
    } else {
      cursor_ = message.cursor();
    }
  }
  return stream->Finish();
}

// As long as messages have no cursor the snapshot is being told.
void DeliveryClient::NoteSnapshot(const v1::WatchAlertsResponse& message) {
  std::optional<size_t>& told_at = record_.connections.back().snapshot_told_at;
  if (!told_at.has_value() && !message.cursor().empty()) told_at = options_.published->begun;
}

grpc::Status DeliveryClient::Consume(const std::shared_ptr<grpc::Channel>& channel,
                                     grpc::ClientContext* context) {
  const auto stub = v1::SubscriptionService::NewStub(channel);
  const auto stream = stub->ConsumeAlerts(context);
  v1::ConsumeAlertsRequest open;
  open.mutable_open()->set_subscription(options_.subscription);
  open.mutable_open()->mutable_bookmark_interval()->set_nanos(200'000'000);
  const bool share = options_.kind == Kind::kShare;
  open.mutable_open()->set_share(share);
  {
    base::MutexLock lock(&write_mutex_);
    stream_ = stream.get();
    base::MutexLock state_lock(&mutex_);
    numbers_.clear();
    open_.clear();
    newest_ = 0;
    if (!share) {
      open.mutable_open()->set_reader(options_.subscription);
      open.mutable_open()->set_attempt(++attempt_);
    }
  }
  Send(open);
  v1::ConsumeAlertsResponse message;
  while (WaitToRead() && stream->Read(&message)) {
    v1::ConsumeAlertsRequest request;
    {
      base::MutexLock lock(&mutex_);
      OnGreeted();
      uint64_t number = message.first_delivery();
      for (int i = 0; i < message.updates_size(); ++i) {
        Hear(message.updates(i));
        if (share) record_.heard.back().attempt = message.attempts(i);
        numbers_[number] = record_.heard.size() - 1;
        open_.insert(number);
        newest_ = number++;
      }
      if (message.has_gap()) {
        record_.connections.back().told_gap = true;
        newest_ = std::max(newest_, message.gap().delivery());
      }
      for (const auto& [delivery, index] : numbers_) {
        const auto& singles = message.kept().deliveries();
        if (delivery <= message.kept().through() ||
            std::find(singles.begin(), singles.end(), delivery) != singles.end()) {
          record_.heard[index].kept = true;
        }
      }
      if (eager_ || message.has_gap()) request = AcknowledgementOfAll();
    }
    if (request.has_acknowledge()) Send(request);
  }
  {
    base::MutexLock lock(&write_mutex_);
    stream_ = nullptr;
  }
  return stream->Finish();
}

// Of all that is open; without an acknowledgement where nothing is.
v1::ConsumeAlertsRequest DeliveryClient::AcknowledgementOfAll() {
  v1::ConsumeAlertsRequest request;
  if (options_.kind != Kind::kShare) {
    if (newest_ > 0) request.mutable_acknowledge()->set_through(newest_);
    return request;
  }
  for (const uint64_t number : open_) request.mutable_acknowledge()->add_deliveries(number);
  open_.clear();
  return request;
}

void DeliveryClient::Send(const v1::ConsumeAlertsRequest& request) {
  base::MutexLock lock(&write_mutex_);
  if (stream_ != nullptr) stream_->Write(request);  // a stream that is broken says so by Read
}

// Numbers mean something on their own stream only, so the stream must not change in between.
void DeliveryClient::SetEager(bool eager) {
  base::MutexLock lock(&write_mutex_);
  if (stream_ == nullptr) {
    base::MutexLock state_lock(&mutex_);
    eager_ = eager;
    return;
  }
  v1::ConsumeAlertsRequest request;
  {
    base::MutexLock state_lock(&mutex_);
    eager_ = eager;
    if (eager) request = AcknowledgementOfAll();
  }
  if (request.has_acknowledge()) stream_->Write(request);
}

void DeliveryClient::Acknowledge(uint32_t pick) {
  base::MutexLock lock(&write_mutex_);
  if (stream_ == nullptr) return;
  v1::ConsumeAlertsRequest request;
  {
    base::MutexLock state_lock(&mutex_);
    if (newest_ == 0) return;
    if (options_.kind == Kind::kShare) {
      if (open_.empty()) return;
      const auto one = std::next(open_.begin(), static_cast<ptrdiff_t>(pick % open_.size()));
      request.mutable_acknowledge()->add_deliveries(*one);
      open_.erase(one);
    } else if (pick % 2 == 0) {
      request.mutable_acknowledge()->set_through(1 + pick / 2 % newest_);
    } else {
      request.mutable_acknowledge()->add_deliveries(1 + pick / 2 % newest_);
    }
  }
  stream_->Write(request);
}

}  // namespace supervision::faults
