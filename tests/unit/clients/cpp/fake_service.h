#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"
#include "supervision/v1/alert_service.grpc.pb.h"
#include "supervision/v1/clue_service.grpc.pb.h"
#include "supervision/v1/subscription_service.grpc.pb.h"

namespace supervision::client {

// A service in this process whose answers a test scripts: for what the real one does not do on
// demand, such as failing twice or breaking a stream after the third clue.
class FakeService {
 public:
  using ClueStream = grpc::ServerReaderWriter<v1::StreamCluesResponse, v1::StreamCluesRequest>;
  using AlertWriter = grpc::ServerWriter<v1::WatchAlertsResponse>;
  using Consumption = grpc::ServerReaderWriter<v1::ConsumeAlertsResponse, v1::ConsumeAlertsRequest>;

  std::function<grpc::Status(grpc::ServerContext&, const v1::SubmitClueRequest&,
                             v1::SubmitClueResponse&)>
      on_submit;
  std::function<grpc::Status(grpc::ServerContext&, ClueStream&)> on_stream;
  std::function<grpc::Status(grpc::ServerContext&, const v1::WatchAlertsRequest&, AlertWriter&)>
      on_watch;
  std::function<grpc::Status(grpc::ServerContext&, Consumption&)> on_consume;
  v1::GetSubscriptionResponse subscription;  // what GetSubscription answers

  FakeService() : clues_(this), alerts_(this), subscriptions_(this) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&clues_);
    builder.RegisterService(&alerts_);
    builder.RegisterService(&subscriptions_);
    server_ = builder.BuildAndStart();
  }
  ~FakeService() { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Options of a client that does not wait long.
  ClientOptions client_options() const {
    ClientOptions options;
    options.channel.address = address();
    options.retry.backoff = {absl::Milliseconds(1), absl::Milliseconds(5)};
    return options;
  }

 private:
  class Clues final : public v1::ClueService::Service {
   public:
    explicit Clues(FakeService* owner) : owner_(owner) {}
    grpc::Status SubmitClue(grpc::ServerContext* context, const v1::SubmitClueRequest* request,
                            v1::SubmitClueResponse* response) override {
      return owner_->on_submit(*context, *request, *response);
    }
    grpc::Status StreamClues(grpc::ServerContext* context, ClueStream* stream) override {
      return owner_->on_stream(*context, *stream);
    }

   private:
    FakeService* const owner_;
  };
  class Alerts final : public v1::AlertService::Service {
   public:
    explicit Alerts(FakeService* owner) : owner_(owner) {}
    grpc::Status WatchAlerts(grpc::ServerContext* context, const v1::WatchAlertsRequest* request,
                             AlertWriter* writer) override {
      return owner_->on_watch(*context, *request, *writer);
    }

   private:
    FakeService* const owner_;
  };

  class Subscriptions final : public v1::SubscriptionService::Service {
   public:
    explicit Subscriptions(FakeService* owner) : owner_(owner) {}
    grpc::Status GetSubscription(grpc::ServerContext*, const v1::GetSubscriptionRequest*,
                                 v1::GetSubscriptionResponse* response) override {
      *response = owner_->subscription;
      return grpc::Status::OK;
    }
    grpc::Status ConsumeAlerts(grpc::ServerContext* context, Consumption* stream) override {
      return owner_->on_consume(*context, *stream);
    }

   private:
    FakeService* const owner_;
  };

  Clues clues_;
  Alerts alerts_;
  Subscriptions subscriptions_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// An error as the service sends it, in google.rpc.Status.
inline google::rpc::Status MakeRpcStatus(absl::StatusCode code, const std::string& reason,
                                         absl::Duration retry_after = absl::ZeroDuration()) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message("english");
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("supervision.v1");
  status.add_details()->PackFrom(info);
  if (retry_after > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    const int64_t nanoseconds = absl::ToInt64Nanoseconds(retry_after);
    retry.mutable_retry_delay()->set_seconds(nanoseconds / 1'000'000'000);
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
    status.add_details()->PackFrom(retry);
  }
  return status;
}

inline grpc::Status AsGrpc(const google::rpc::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.SerializeAsString());
}

}  // namespace supervision::client
