#include "services/rpc/watch_alerts.h"

#include <memory>
#include <utility>
#include <vector>

#include "services/rpc/bytes.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/parse.h"
#include "services/rpc/status.h"
#include "services/rpc/write_order.h"
#include "supervision/v1/alert_service.pb.h"

namespace supervision::rpc {
namespace {

using alerting::Hub;

Hub::Start StartOf(v1::WatchAlertsRequest* request, Violations* violations) {
  using From = Hub::Start::From;
  if (request->has_cursor()) {
    return Hub::Start{.from = From::kCursor, .cursor = std::move(*request->mutable_cursor())};
  }
  switch (request->start_from()) {
    case v1::START_FROM_EARLIEST:
      return Hub::Start{.from = From::kEarliest, .cursor = {}};
    case v1::START_FROM_SNAPSHOT:
      return Hub::Start{.from = From::kSnapshot, .cursor = {}};
    case v1::START_FROM_UNSPECIFIED:
    case v1::START_FROM_LATEST:
      break;
    default:
      violations->push_back({"start_from", "is no start; write EARLIEST, LATEST or SNAPSHOT",
                             "起点未知；请使用 EARLIEST、LATEST 或 SNAPSHOT"});
  }
  return Hub::Start{.from = From::kLatest, .cursor = {}};
}

absl::StatusOr<Hub::Request> RequestOf(const grpc::ByteBuffer& bytes, const Caller& caller) {
  v1::WatchAlertsRequest message;
  Violations violations;
  grpc::Slice holder;
  if (bytes.Length() > UnaryCall::kMaxRequestBytes) {
    return MessageTooLarge(UnaryCall::kMaxRequestBytes);
  }
  if (auto parsed = ParseRequest(Flatten(bytes, &holder), "", &message, &violations);
      !parsed.ok()) {
    return parsed;
  }
  Hub::Request request;
  request.start = StartOf(&message, &violations);
  request.scope = caller.scope;
  if (!message.include_silenced()) request.principal = caller.principal->id;
  request.filter = FromProto(message.filter(), "filter", &violations);
  request.bookmark_interval =
      BookmarkInterval(message.has_bookmark_interval(), message.bookmark_interval(),
                       "bookmark_interval", &violations);
  if (!violations.empty()) return intake::ToStatus(std::move(violations));
  return request;
}

// Carries one session's messages. The session decides what is sent and when it ends; WriteOrder
// keeps write, cancel and finish apart.
class AlertStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                          public alerting::StreamSink {
 public:
  AlertStream(const Edge& edge, grpc::CallbackServerContext* context)
      : edge_(edge), context_(context), record_(edge, security::Method::kWatchAlerts) {}

  // To be called before the reactor is returned to gRPC: until then gRPC calls nothing here, so
  // that `session_` is set when it does, and a session that ends at once is in nobody's way.
  void Start(Hub* hub, const grpc::ByteBuffer& bytes) {
    const absl::StatusOr<Caller> caller =
        edge_.gate->Enter(*context_, security::Method::kWatchAlerts);
    if (!caller.ok()) return Finish(caller.status());
    record_.Entered(*caller);
    absl::StatusOr<Hub::Request> request = RequestOf(bytes, *caller);
    if (!request.ok()) return Finish(request.status());
    session_ = hub->Open(*std::move(request), this);
    entry_ = edge_.gate->streams().Add(
        security::Method::kWatchAlerts, *caller,
        {.end = [session = session_](absl::Status status) { session->End(std::move(status)); },
         .renew = [session = session_] { session->EndGently(alerting::EndingReason::kDraining); }});
  }

  void Write(std::vector<alerting::SharedBytes> pieces) override {
    order_.BeginWrite();
    outgoing_ = Join(pieces);
    StartWrite(&outgoing_);
  }

  void Finish(absl::Status status) override {
    switch (order_.RequestFinish(status)) {
      case WriteOrder::Finish::kNow:
        return FinishNow(status);
      case WriteOrder::Finish::kLater:
        // The client does not read: what it has not taken it will not take.
        context_->TryCancel();
        if (const auto finish = order_.Broken()) FinishNow(*finish);
        return;
      case WriteOrder::Finish::kSoon:  // nothing is read here
      case WriteOrder::Finish::kNever:
        return;
    }
  }

 private:
  using Reactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;

  void OnWriteDone(bool ok) override {
    const WriteOrder::Written written = order_.EndWrite();
    if (written.finish.has_value()) return FinishNow(*written.finish);
    if (written.tell) session_->OnWritten(ok);
  }
  void OnCancel() override {
    if (order_.Cancel() && session_ != nullptr) session_->OnCancelled();
  }
  void OnDone() override { delete this; }

  void FinishNow(const absl::Status& status) {
    grpc::Status result = ToGrpcStatus(status, context_);
    record_.Finished(result.error_code());
    Reactor::Finish(std::move(result));
  }

  const Edge edge_;
  grpc::CallbackServerContext* const context_;
  CallRecord record_;
  std::shared_ptr<alerting::Session> session_;
  OpenStreams::Entry entry_;
  WriteOrder order_;
  grpc::ByteBuffer outgoing_;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchAlerts(const Edge& edge, Hub* hub,
                                                        grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer& bytes) {
  auto* const stream = new AlertStream(edge, context);
  stream->Start(hub, bytes);
  return stream;
}

}  // namespace supervision::rpc
