#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "supervision/v1/subscription_service.grpc.pb.h"
#include "tests/integration/rpc/calls.h"

// Named subscriptions as tests call them.
namespace supervision::testing {

using SubscriptionStub = v1::SubscriptionService::Stub;

inline grpc::Status CreateSubscription(SubscriptionStub& stub, const std::string& name,
                                       v1::StartFrom from = v1::START_FROM_EARLIEST,
                                       const std::string& token = kMonitorToken,
                                       v1::AlertFilter filter = {}) {
  v1::CreateSubscriptionRequest request;
  request.mutable_subscription()->set_name(name);
  *request.mutable_subscription()->mutable_filter() = std::move(filter);
  request.set_start_from(from);
  v1::CreateSubscriptionResponse response;
  return stub.CreateSubscription(Context(token).get(), request, &response);
}

inline grpc::Status GetSubscription(SubscriptionStub& stub, const std::string& name,
                                    v1::GetSubscriptionResponse* response,
                                    const std::string& token = kMonitorToken) {
  v1::GetSubscriptionRequest request;
  request.set_name(name);
  return stub.GetSubscription(Context(token).get(), request, response);
}

// One ConsumeAlerts stream, read message by message on the test's thread.
class Consumption {
 public:
  struct Delivered {
    uint64_t number = 0;
    v1::AlertUpdate update;
  };

  Consumption(const std::shared_ptr<grpc::Channel>& channel, const v1::OpenConsumption& open,
              const std::string& token = kMonitorToken,
              std::chrono::milliseconds timeout = std::chrono::seconds(180))
      : stub_(v1::SubscriptionService::NewStub(channel)),
        context_(Context(token, timeout)),
        stream_(stub_->ConsumeAlerts(context_.get())) {
    v1::ConsumeAlertsRequest request;
    *request.mutable_open() = open;
    Send(request);
  }
  Consumption(const std::shared_ptr<grpc::Channel>& channel, const std::string& name,
              int window = 0, const std::string& token = kMonitorToken,
              std::chrono::milliseconds timeout = std::chrono::seconds(180), uint32_t attempt = 0)
      : Consumption(channel, OpenOf(name, window, attempt), token, timeout) {}
  Consumption(Consumption&&) = default;
  ~Consumption() {
    if (finished_ || stream_ == nullptr) return;
    context_->TryCancel();
    Finish();
  }

  bool Send(const v1::ConsumeAlertsRequest& request) { return stream_->Write(request); }
  bool Acknowledge(uint64_t through, const std::vector<uint64_t>& singles = {}) {
    v1::ConsumeAlertsRequest request;
    request.mutable_acknowledge()->set_through(through);
    request.mutable_acknowledge()->mutable_deliveries()->Add(singles.begin(), singles.end());
    return Send(request);
  }
  bool SetWindow(int alerts) {
    v1::ConsumeAlertsRequest request;
    request.mutable_window()->set_alerts(alerts);
    return Send(request);
  }

  // The next message; nothing when the stream has ended.
  std::optional<v1::ConsumeAlertsResponse> NextMessage() {
    v1::ConsumeAlertsResponse message;
    if (!stream_->Read(&message)) return std::nullopt;
    for (int i = 0; i < message.updates_size(); ++i) {
      ahead_.push_back({message.first_delivery() + static_cast<uint64_t>(i), message.updates(i)});
    }
    if (message.kept().through() > kept_through_) kept_through_ = message.kept().through();
    for (const uint64_t number : message.kept().deliveries()) kept_singles_.push_back(number);
    if (message.has_ending()) ending_ = message.ending().reason();
    attempts_.insert(attempts_.end(), message.attempts().begin(), message.attempts().end());
    for (const v1::LeaseRefusal& one : message.refusals()) refused_.push_back(one.delivery());
    return message;
  }
  // The next `count` deliveries, over as many messages as it takes; fewer when the stream ends.
  std::vector<Delivered> Next(size_t count) {
    while (ahead_.size() < count && NextMessage().has_value()) {
    }
    const auto end = ahead_.begin() + static_cast<ptrdiff_t>(std::min(count, ahead_.size()));
    std::vector<Delivered> taken(ahead_.begin(), end);
    ahead_.erase(ahead_.begin(), end);
    return taken;
  }
  // What has come and was not taken.
  size_t ahead() const { return ahead_.size(); }
  // Reads until all up to `through` is said to be kept; false when the stream ends before.
  bool WaitKept(uint64_t through) {
    while (kept_through_ < through) {
      if (!NextMessage().has_value()) return false;
    }
    return true;
  }
  // Says that nothing more is sent, reads what is left.
  grpc::Status FinishSending() {
    stream_->WritesDone();
    return Finish();
  }
  grpc::Status Finish() {
    while (NextMessage().has_value()) {
    }
    finished_ = true;
    return stream_->Finish();
  }
  void Cancel() { context_->TryCancel(); }

  uint64_t kept_through() const { return kept_through_; }
  const std::vector<uint64_t>& kept_singles() const { return kept_singles_; }
  std::optional<v1::StreamEndingReason> ending() const { return ending_; }

  // Of a shared subscription.
  const std::vector<int>& attempts() const { return attempts_; }
  const std::vector<uint64_t>& refused() const { return refused_; }

 private:
  static v1::OpenConsumption OpenOf(const std::string& name, int window, uint32_t attempt) {
    v1::OpenConsumption open;
    open.set_subscription(name);
    open.mutable_window()->set_alerts(window);
    open.mutable_bookmark_interval()->set_nanos(200'000'000);
    if (attempt > 0) {
      open.set_reader("reader-1");
      open.set_attempt(attempt);
    }
    return open;
  }

  std::unique_ptr<SubscriptionStub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ConsumeAlertsRequest, v1::ConsumeAlertsResponse>>
      stream_;
  std::vector<Delivered> ahead_;
  uint64_t kept_through_ = 0;
  std::vector<uint64_t> kept_singles_;
  std::optional<v1::StreamEndingReason> ending_;
  std::vector<int> attempts_;
  std::vector<uint64_t> refused_;
  bool finished_ = false;
};

}  // namespace supervision::testing
