#include "tests/faults/delivery_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/error.h"

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

std::string NameOf(DeliveryClient::Kind kind) {
  switch (kind) {
    case DeliveryClient::Kind::kWatch:
      return "watch";
    case DeliveryClient::Kind::kFilteredWatch:
      return "filtered watch";
    case DeliveryClient::Kind::kConsume:
      return "subscription";
  }
  return "";
}

}  // namespace

DeliveryClient::DeliveryClient(DeliveryCluster* cluster, Options options)
    : cluster_(cluster),
      options_(std::move(options)),
      gate_(cluster->address(options_.first_replica)),
      wanted_replica_(options_.first_replica) {
  {
    base::MutexLock lock(&mutex_);
    record_.name = NameOf(options_.kind);
    record_.acknowledges = options_.kind == Kind::kConsume;
    record_.views.push_back({options_.view, 0});
  }
  thread_ = std::thread([this] { Run(); });
}

void DeliveryClient::Stop() {
  {
    base::MutexLock lock(&mutex_);
    stopping_ = true;
    CancelLocked();
  }
  if (thread_.joinable()) thread_.join();
}

void DeliveryClient::CancelLocked() {
  cancelled_ = true;
  if (context_ != nullptr) context_->TryCancel();
  changed_.SignalAll();
}

// ---- Faults

void DeliveryClient::CutInAMessage(size_t bytes) { gate_.CutAfter(bytes); }

void DeliveryClient::Cut() {
  base::MutexLock lock(&mutex_);
  CancelLocked();
}

void DeliveryClient::Stall(bool stall) {
  base::MutexLock lock(&mutex_);
  stalled_ = stall;
  changed_.SignalAll();
}

void DeliveryClient::Hold(bool hold) {
  base::MutexLock lock(&mutex_);
  held_ = hold;
  if (hold) CancelLocked();
  changed_.SignalAll();
}

void DeliveryClient::MoveTo(int replica) {
  base::MutexLock lock(&mutex_);
  wanted_replica_ = replica;
  if (replica_ != replica) CancelLocked();
}

// ---- Views

View DeliveryClient::view() const {
  base::MutexLock lock(&mutex_);
  return record_.views.back().view;
}

void DeliveryClient::ViewBegins(View view) {
  base::MutexLock lock(&mutex_);
  record_.views.push_back({std::move(view), std::nullopt});
}

void DeliveryClient::ViewInForce() {
  base::MutexLock lock(&mutex_);
  view_in_force_ = record_.views.size() - 1;
}

void DeliveryClient::SetFilter(const std::string& prefix) {
  base::MutexLock lock(&mutex_);
  View view = record_.views.back().view;
  view.filter = prefix;
  record_.views.push_back({std::move(view), std::nullopt});
  view_in_force_ = record_.views.size() - 1;
  CancelLocked();
}

void DeliveryClient::Note(size_t published) {
  base::MutexLock lock(&mutex_);
  for (size_t v = 0; v <= view_greeted_; ++v) {
    if (!record_.views[v].certain_at.has_value()) record_.views[v].certain_at = published;
  }
}

// ---- What became of it

bool DeliveryClient::connected() const {
  base::MutexLock lock(&mutex_);
  return greeted_ && !cancelled_;
}
int DeliveryClient::replica() const {
  base::MutexLock lock(&mutex_);
  return greeted_ && !cancelled_ ? replica_ : -1;
}
size_t DeliveryClient::opened() const {
  base::MutexLock lock(&mutex_);
  return opened_;
}
bool DeliveryClient::HasHeard(const Told& what) const {
  base::MutexLock lock(&mutex_);
  return std::any_of(record_.heard.rbegin(), record_.heard.rend(),
                     [&](const Heard& heard) { return heard.what == what; });
}
std::string DeliveryClient::error() const {
  base::MutexLock lock(&mutex_);
  return error_;
}
bool DeliveryClient::told_gap() const {
  base::MutexLock lock(&mutex_);
  return std::any_of(record_.connections.begin(), record_.connections.end(),
                     [](const auto& connection) { return connection.told_gap; });
}
int DeliveryClient::told_left() const {
  base::MutexLock lock(&mutex_);
  return static_cast<int>(std::count_if(record_.heard.begin(), record_.heard.end(),
                                        [](const Heard& heard) { return heard.left; }));
}
std::string DeliveryClient::Describe() const {
  base::MutexLock lock(&mutex_);
  return absl::StrCat(context_ == nullptr ? "no stream" : "a stream", " at replica ", replica_,
                      greeted_ ? ", greeted" : "", cancelled_ ? ", cancelled" : "",
                      stalled_ ? ", stalled" : "", held_ ? ", held" : "", ", ",
                      record_.connections.size(), " connections, ", record_.heard.size(),
                      " updates, delivery ", newest_, " the newest of the last");
}
MonitorRecord DeliveryClient::Record() const {
  base::MutexLock lock(&mutex_);
  return record_;
}

// ---- The stream

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
      record_.connections.push_back({view_in_force_, false});
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt("faults.connection", number);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // Little room on the way, so that who does not read is noticed.
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    const auto channel =
        grpc::CreateCustomChannel(gate_.address(), grpc::InsecureChannelCredentials(), arguments);
    OnEnd(options_.kind == Kind::kConsume ? Consume(channel, &context) : Watch(channel, &context));
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
    cursor_ = earliest->second;
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
  heard.latest_view = record_.views.size() - 1;
  record_.heard.push_back(std::move(heard));
}

grpc::Status DeliveryClient::Watch(const std::shared_ptr<grpc::Channel>& channel,
                                   grpc::ClientContext* context) {
  v1::WatchAlertsRequest request;
  request.mutable_bookmark_interval()->set_nanos(200'000'000);
  {
    base::MutexLock lock(&mutex_);
    if (cursor_.empty()) {
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
    cursor_ = message.cursor();
  }
  return stream->Finish();
}

grpc::Status DeliveryClient::Consume(const std::shared_ptr<grpc::Channel>& channel,
                                     grpc::ClientContext* context) {
  const auto stub = v1::SubscriptionService::NewStub(channel);
  const auto stream = stub->ConsumeAlerts(context);
  v1::ConsumeAlertsRequest open;
  open.mutable_open()->set_subscription(options_.subscription);
  open.mutable_open()->mutable_bookmark_interval()->set_nanos(200'000'000);
  open.mutable_open()->set_reader(options_.subscription);
  {
    base::MutexLock lock(&write_mutex_);
    stream_ = stream.get();
    base::MutexLock state_lock(&mutex_);
    numbers_.clear();
    newest_ = 0;
    open.mutable_open()->set_attempt(++attempt_);
  }
  Send(open);
  v1::ConsumeAlertsResponse message;
  while (WaitToRead() && stream->Read(&message)) {
    uint64_t acknowledge = 0;
    {
      base::MutexLock lock(&mutex_);
      OnGreeted();
      uint64_t number = message.first_delivery();
      for (const v1::AlertUpdate& update : message.updates()) {
        Hear(update);
        numbers_[number] = record_.heard.size() - 1;
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
      if (eager_ || message.has_gap()) acknowledge = newest_;
    }
    if (acknowledge > 0) {
      v1::ConsumeAlertsRequest request;
      request.mutable_acknowledge()->set_through(acknowledge);
      Send(request);
    }
  }
  {
    base::MutexLock lock(&write_mutex_);
    stream_ = nullptr;
  }
  return stream->Finish();
}

void DeliveryClient::Send(const v1::ConsumeAlertsRequest& request) {
  base::MutexLock lock(&write_mutex_);
  if (stream_ != nullptr) stream_->Write(request);  // a stream that is broken says so by Read
}

// Numbers mean something on their own stream only, so the stream must not change in between.
void DeliveryClient::SetEager(bool eager) {
  base::MutexLock lock(&write_mutex_);
  uint64_t through = 0;
  {
    base::MutexLock state_lock(&mutex_);
    eager_ = eager;
    if (eager) through = newest_;
  }
  if (through == 0 || stream_ == nullptr) return;
  v1::ConsumeAlertsRequest request;
  request.mutable_acknowledge()->set_through(through);
  stream_->Write(request);
}

void DeliveryClient::Acknowledge(uint32_t pick) {
  base::MutexLock lock(&write_mutex_);
  v1::ConsumeAlertsRequest request;
  {
    base::MutexLock state_lock(&mutex_);
    if (newest_ == 0) return;
    const uint64_t number = 1 + pick / 2 % newest_;
    if (pick % 2 == 0) {
      request.mutable_acknowledge()->set_through(number);
    } else {
      request.mutable_acknowledge()->add_deliveries(number);
    }
  }
  if (stream_ != nullptr) stream_->Write(request);
}

}  // namespace supervision::faults
