#include "services/rpc/keep_awake.h"

#include <chrono>
#include <optional>
#include <utility>

#include "grpcpp/alarm.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "services/base/mutex.h"

namespace supervision::rpc {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";

}  // namespace

// Waits, checks, waits, … One of both is under way until Stop; `running_` tells Stop when neither
// is any more.
class KeepAwake::Pinger {
 public:
  Pinger(std::shared_ptr<grpc::Channel> channel, absl::Duration interval)
      : stub_(std::move(channel)), interval_(interval) {}

  void Start() { Wait(); }

  void Stop() {
    base::MutexLock lock(&mutex_);
    stopping_ = true;
    alarm_.Cancel();
    if (context_.has_value()) context_->TryCancel();
    while (running_) stopped_.Wait(&mutex_);
  }

 private:
  void Wait() {
    base::MutexLock lock(&mutex_);
    if (Ends()) return;
    alarm_.Set(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(interval_),
               [this](bool /*ok*/) { Check(); });
  }

  void Check() {
    base::MutexLock lock(&mutex_);
    if (Ends()) return;
    context_.emplace();
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
    const grpc::Slice nothing;  // the empty request: the server as a whole
    request_ = grpc::ByteBuffer(&nothing, 1);
    stub_.UnaryCall(&*context_, kCheck, grpc::StubOptions(), &request_, &response_,
                    [this](grpc::Status /*status*/) { Wait(); });
  }

  bool Ends() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (stopping_) {
      running_ = false;
      stopped_.SignalAll();
    }
    return stopping_;
  }

  grpc::GenericStub stub_;
  const absl::Duration interval_;
  base::Mutex mutex_;
  base::CondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool running_ ABSL_GUARDED_BY(mutex_) = true;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::ClientContext> context_ ABSL_GUARDED_BY(mutex_);
  grpc::ByteBuffer request_ ABSL_GUARDED_BY(mutex_);
  grpc::ByteBuffer response_;
};

KeepAwake::KeepAwake(std::shared_ptr<grpc::Channel> channel, absl::Duration interval)
    : pinger_(std::make_shared<Pinger>(std::move(channel), interval)) {
  pinger_->Start();
}

KeepAwake::~KeepAwake() { Stop(); }

void KeepAwake::Stop() { pinger_->Stop(); }

}  // namespace supervision::rpc
