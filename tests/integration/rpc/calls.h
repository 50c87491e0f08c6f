#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/status.h"
#include "supervision/v1/admin_service.grpc.pb.h"
#include "supervision/v1/alert_service.grpc.pb.h"
#include "supervision/v1/classification_service.grpc.pb.h"
#include "supervision/v1/clue_service.grpc.pb.h"
#include "supervision/v1/review_service.grpc.pb.h"
#include "supervision/v1/subscription_service.grpc.pb.h"
#include "tests/support/test_server.h"

// What tests of the edge share: valid requests, calls in one line, and what a client reads of a
// failure.
namespace supervision::testing {

using ClueStub = v1::ClueService::Stub;
using ReviewStub = v1::ReviewService::Stub;
using AlertStub = v1::AlertService::Stub;

// A clue of the scenario ADMIN_ENFORCEMENT in 330402, different for each `number`.
v1::ClueContent ValidClue(int number);
v1::SubmitClueRequest ValidRequest(int number);

// Submits; the answer, or the status with nothing.
struct Submitted {
  grpc::Status status;
  v1::ClueReceipt receipt;
};
Submitted Submit(ClueStub& stub, const v1::SubmitClueRequest& request,
                 const std::string& token = kPartnerToken);

// Submits clues [first, first + count) in batches; true when all were accepted.
bool SubmitMany(ClueStub& stub, int first, int count);

// What a client reads of a failed call.
google::rpc::Status DetailsOf(const grpc::Status& status);
template <typename Message>
std::optional<Message> Find(const google::rpc::Status& status) {
  for (const google::protobuf::Any& any : status.details()) {
    Message message;
    if (any.Is<Message>() && any.UnpackTo(&message)) return message;
  }
  return std::nullopt;
}
std::string ReasonOf(const google::rpc::Status& status);  // empty: none
std::string ReasonOf(const grpc::Status& status);
std::string FactOf(const google::rpc::Status& status, const std::string& key);
std::string FactOf(const grpc::Status& status, const std::string& key);
bool HasRetryInfo(const google::rpc::Status& status);
bool HasRetryInfo(const grpc::Status& status);
std::vector<std::string> ViolationsOf(const google::rpc::Status& status);
std::vector<std::string> ViolationsOf(const grpc::Status& status);

// A unary call with any bytes, as a foreign client may send them.
struct RawAnswer {
  grpc::Status status;
  std::string bytes;
};
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::string& bytes, const std::string& token);

// What grpc.health.v1 says of `service`: "SERVING", "NOT_SERVING", or the code's number.
std::string Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service);

// One WatchAlerts stream, read message by message on the test's thread.
class Watcher {
 public:
  Watcher(const std::shared_ptr<grpc::Channel>& channel, const v1::WatchAlertsRequest& request,
          const std::string& token = kMonitorToken,
          std::chrono::milliseconds timeout = std::chrono::seconds(180));
  ~Watcher();  // cancels

  // The next message; nothing when the stream has ended.
  std::optional<v1::WatchAlertsResponse> NextMessage();
  // The next `count` updates, over as many messages as it takes; fewer when the stream ends.
  std::vector<v1::AlertUpdate> Next(size_t count);
  const std::string& cursor() const { return cursor_; }  // the newest
  grpc::Status Finish();                                 // reads what is left
  void Cancel() { context_->TryCancel(); }

 private:
  std::unique_ptr<AlertStub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchAlertsResponse>> reader_;
  std::vector<v1::AlertUpdate> ahead_;
  std::string cursor_;
  bool finished_ = false;
};

v1::WatchAlertsRequest FromEarliest();
v1::WatchAlertsRequest FromLatest();
v1::WatchAlertsRequest FromCursor(const std::string& cursor);

}  // namespace supervision::testing
