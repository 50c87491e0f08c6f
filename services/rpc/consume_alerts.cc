#include "services/rpc/consume_alerts.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "grpcpp/alarm.h"
#include "services/base/mutex.h"
#include "services/domain/error.h"
#include "services/rpc/bytes.h"
#include "services/rpc/from_proto.h"
#include "services/rpc/parse.h"
#include "services/rpc/peer_address.h"
#include "services/rpc/sharing_proto.h"
#include "services/rpc/status.h"
#include "services/rpc/subscription_proto.h"
#include "services/rpc/write_order.h"

namespace supervision::rpc {
namespace {

using alerting::Consumers;

// What a client may say in one message is small: a thousand numbers at most.
constexpr size_t kMaxMessageBytes = 64 << 10;
constexpr int kMaxSingles = 1000;
constexpr size_t kMaxReaderBytes = 64;
// Until a subscription is opened nobody looks after a stream: no revocation, age or drain.
constexpr std::chrono::seconds kOpenWithin{10};

absl::Status Invalid(std::string field, std::string english, std::string chinese) {
  Violations violations;
  violations.push_back({std::move(field), std::move(english), std::move(chinese)});
  return intake::ToStatus(std::move(violations));
}

absl::Status NotOpened() {
  return Invalid("open", "is missing; open a subscription with the first message",
                 "第一条消息必须打开订阅；请先发送 open");
}

void ValidateAttempt(const v1::OpenConsumption& open, Violations* violations) {
  if (open.reader().size() > kMaxReaderBytes) {
    violations->push_back({"open.reader", "is too long; write at most 64 bytes",
                           "读取方标识过长；请不超过 64 个字节"});
  }
  if (open.reader().empty() != (open.attempt() == 0)) {
    violations->push_back({"open.attempt",
                           "does not fit the reader; count its openings from 1, or leave out both",
                           "打开次数与读取方不符；请从 1 起计数，或两项都不填"});
  }
}

absl::StatusOr<Consumers::Request> RequestOf(v1::OpenConsumption* open, Violations violations,
                                             const Caller& caller) {
  Consumers::Request request;
  ValidateSubscriptionName(open->subscription(), "open.subscription", &violations);
  ValidateAttempt(*open, &violations);
  request.window = WindowOf(open->window(), "open.window", &violations);
  request.bookmark_interval =
      BookmarkInterval(open->has_bookmark_interval(), open->bookmark_interval(),
                       "open.bookmark_interval", &violations);
  if (!violations.empty()) return intake::ToStatus(std::move(violations));
  request.key = {caller.principal->id, std::move(*open->mutable_subscription())};
  request.attempt = {std::move(*open->mutable_reader()), open->attempt()};
  request.scope = caller.scope;
  request.peer.connected_at = absl::Now();
  return request;
}

// Carries one connection's messages both ways. Reads one message at a time: what it says is done
// before the next is read. What is sent and when it ends is the connection's to decide.
class Consumption final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                          public alerting::StreamSink {
 public:
  Consumption(const Edge& edge, Consumers* consumers, alerting::Shares* shares,
              grpc::CallbackServerContext* context)
      : edge_(edge),
        consumers_(consumers),
        shares_(shares),
        context_(context),
        record_(edge, security::Method::kConsumeAlerts) {}

  // To be called before the reactor is returned to gRPC: until then gRPC calls nothing here.
  void Start() {
    absl::StatusOr<Caller> caller = edge_.gate->Enter(*context_, security::Method::kConsumeAlerts);
    if (!caller.ok()) return Finish(caller.status());
    record_.Entered(*caller);
    caller_ = *std::move(caller);
    ++holders_;
    opening_.Set(std::chrono::system_clock::now() + kOpenWithin, [this](bool late) {
      if (late && !opened_.exchange(true)) Finish(NotOpened());
      Release();
    });
    StartRead(&incoming_);
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
      case WriteOrder::Finish::kSoon:
      case WriteOrder::Finish::kNever:
        return;
    }
  }

 private:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  // Only here and in Start is `connection_` set and are reads started.
  void OnReadDone(bool ok) override {
    const std::shared_ptr<alerting::Connection> connection = connection_;
    if (!ok) {
      if (connection == nullptr) return Finish(NotOpened());
      return connection->OnSentAll();
    }
    // Streams are told of a revocation too, but this message may have come before that, or while
    // the last one is on its way to the client. It is left unread, as if it had come after the end.
    absl::Status taken = edge_.gate->MaySend(caller_, security::Method::kConsumeAlerts);
    if (taken.ok()) taken = Take();
    if (!taken.ok()) {
      if (connection == nullptr) return Finish(std::move(taken));
      return connection->Fail(std::move(taken));
    }
    if (!order_.BeginRead()) return;
    StartRead(&incoming_);
    if (const auto finish = order_.ReadStarted()) FinishNow(*finish);
  }

  absl::Status Take() {
    if (incoming_.Length() > kMaxMessageBytes) return MessageTooLarge(kMaxMessageBytes);
    v1::ConsumeAlertsRequest message;
    Violations violations;
    grpc::Slice holder;
    if (absl::Status parsed = ParseRequest(Flatten(incoming_, &holder), "", &message, &violations);
        !parsed.ok()) {
      return parsed;
    }
    if (connection_ == nullptr) {
      if (!message.has_open() || opened_.exchange(true)) return NotOpened();
      opening_.Cancel();
      if (!edge_.gate->SeesAllOfItsPrincipal(caller_)) {
        return domain::MakeError(domain::Reason::kNarrowedToken);
      }
      auto request = RequestOf(message.mutable_open(), std::move(violations), caller_);
      if (!request.ok()) return request.status();
      request->peer.address = PeerAddress(context_->peer());
      Connect(*std::move(request), message.open().share());
      return absl::OkStatus();
    }
    if (message.has_acknowledge()) return Acknowledge(message.acknowledge());
    if (message.has_reject()) return Reject(message.reject());
    if (message.has_extend()) return Extend(message.extend());
    if (message.has_window()) {
      const auto window = WindowOf(message.window(), "window", &violations);
      if (!violations.empty()) return intake::ToStatus(std::move(violations));
      connection_->SetWindow(window);
      return absl::OkStatus();
    }
    if (message.has_open()) {
      return Invalid("open", "came twice; open another subscription on another stream",
                     "重复打开；请在另一条数据流上打开其他订阅");
    }
    return absl::OkStatus();  // of a newer client
  }

  using Numbers = google::protobuf::RepeatedField<uint64_t>;
  static absl::Span<const uint64_t> SpanOf(const Numbers& numbers) {
    return absl::MakeConstSpan(numbers.data(), static_cast<size_t>(numbers.size()));
  }
  static absl::Status CheckCount(const Numbers& numbers, std::string field) {
    if (numbers.size() <= kMaxSingles) return absl::OkStatus();
    return Invalid(std::move(field), "has more than 1,000 numbers; send several messages",
                   "单条消息超过 1000 个编号；请分多条消息发送");
  }

  absl::Status Acknowledge(const v1::Acknowledgement& proto) {
    if (absl::Status fits = CheckCount(proto.deliveries(), "acknowledge.deliveries"); !fits.ok()) {
      return fits;
    }
    if (share_ != nullptr && proto.through() > 0) {
      return Invalid("acknowledge.through",
                     "is not for shared subscriptions; name each delivery in deliveries",
                     "分担模式不支持累计确认；请在 deliveries 中逐条确认");
    }
    connection_->Acknowledge(proto.through(), SpanOf(proto.deliveries()));
    return absl::OkStatus();
  }

  absl::Status Reject(const v1::Rejection& proto) {
    if (share_ == nullptr) return domain::MakeError(domain::Reason::kWrongSubscriptionMode);
    Violations violations;
    const absl::Duration delay = DelayOf(proto, &violations);
    if (!violations.empty()) return intake::ToStatus(std::move(violations));
    if (absl::Status fits = CheckCount(proto.deliveries(), "reject.deliveries"); !fits.ok()) {
      return fits;
    }
    share_->Reject(SpanOf(proto.deliveries()), proto.reason(), delay);
    return absl::OkStatus();
  }

  absl::Status Extend(const v1::LeaseExtension& proto) {
    if (share_ == nullptr) return domain::MakeError(domain::Reason::kWrongSubscriptionMode);
    if (absl::Status fits = CheckCount(proto.deliveries(), "extend.deliveries"); !fits.ok()) {
      return fits;
    }
    share_->Extend(SpanOf(proto.deliveries()));
    return absl::OkStatus();
  }

  // Whoever cancelled before does not know of the connection yet.
  void Connect(Consumers::Request request, bool share) {
    std::shared_ptr<alerting::Connection> connection;
    if (share) {
      connection = share_ = shares_->Open(std::move(request), this);
    } else {
      connection = consumers_->Open(std::move(request), this);
    }
    bool gone = false;
    std::optional<bool> written;
    {
      base::MutexLock lock(&mutex_);
      connection_ = connection;
      gone = gone_;
      written = owed_written_;
    }
    if (written.has_value()) connection->OnWritten(*written);
    if (gone) return connection->OnCancelled();
    const auto end = [connection](absl::Status status) { connection->Fail(std::move(status)); };
    entry_ = edge_.gate->streams().Add(security::Method::kConsumeAlerts, caller_,
                                       {.end = end, .renew = [end] { end(Gate::RenewalError()); }});
  }

  void OnWriteDone(bool ok) override {
    const WriteOrder::Written written = order_.EndWrite();
    if (written.finish.has_value()) return FinishNow(*written.finish);
    if (!written.tell) return;
    std::shared_ptr<alerting::Connection> connection;
    {
      base::MutexLock lock(&mutex_);
      connection = connection_;
      if (connection == nullptr) owed_written_ = ok;
    }
    if (connection != nullptr) connection->OnWritten(ok);
  }

  void OnCancel() override {
    if (!order_.Cancel()) return;
    std::shared_ptr<alerting::Connection> connection;
    {
      base::MutexLock lock(&mutex_);
      gone_ = true;
      connection = connection_;
    }
    if (connection != nullptr) connection->OnCancelled();
  }

  // The alarm may hold the rest for longer than the server lives, so what is others' goes now.
  void OnDone() override {
    entry_ = OpenStreams::Entry();
    caller_ = Caller();
    {
      base::MutexLock lock(&mutex_);
      connection_ = nullptr;
    }
    share_ = nullptr;
    opening_.Cancel();
    Release();
  }

  // gRPC holds it until OnDone, and the alarm until it has rung or was cancelled.
  void Release() {
    if (--holders_ == 0) delete this;
  }

  void FinishNow(const absl::Status& status) {
    grpc::Status result = ToGrpcStatus(status, context_);
    record_.Finished(result.error_code());
    Reactor::Finish(std::move(result));
  }

  const Edge edge_;
  Consumers* const consumers_;
  alerting::Shares* const shares_;
  grpc::CallbackServerContext* const context_;
  CallRecord record_;
  Caller caller_;
  OpenStreams::Entry entry_;
  std::atomic<int> holders_{1};
  std::atomic<bool> opened_{false};  // or sent away because it was not
  grpc::Alarm opening_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  WriteOrder order_;
  base::Mutex mutex_;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<bool> owed_written_ ABSL_GUARDED_BY(mutex_);  // came before the connection is known
  // Written under the mutex, by the thread that reads messages; read by others under it.
  std::shared_ptr<alerting::Connection> connection_;
  // The same, of a shared subscription; only the thread that reads messages uses it.
  std::shared_ptr<alerting::SharedConnection> share_;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ConsumeAlerts(
    const Edge& edge, Consumers* consumers, alerting::Shares* shares,
    grpc::CallbackServerContext* context) {
  auto* const consumption = new Consumption(edge, consumers, shares, context);
  consumption->Start();
  return consumption;
}

}  // namespace supervision::rpc
