#include "tests/bench/load.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>

#include "absl/time/clock.h"
#include "services/base/mutex.h"

namespace supervision::bench {
namespace {

std::shared_ptr<grpc::ChannelCredentials> Credentials(const std::string& tls_ca) {
  if (tls_ca.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls_ca;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address, int number,
                                       const std::string& tls_ca = "") {
  grpc::ChannelArguments arguments;
  arguments.SetInt("bench.channel", number);  // channels with different arguments share nothing
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address, Credentials(tls_ca), arguments);
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

absl::Duration Latencies::At(double quantile) const {
  if (values_.empty()) return absl::ZeroDuration();
  const size_t index = std::min(values_.size() - 1, static_cast<size_t>(quantile * values_.size()));
  std::nth_element(values_.begin(), values_.begin() + static_cast<ptrdiff_t>(index), values_.end());
  return values_[index];
}

class LoadClient::Core {
 public:
  Core(const std::string& address, std::string token, const std::string& tls_ca)
      : stub_(Connect(address, 0, tls_ca)), token_("Bearer " + std::move(token)) {}

  using Done = std::function<void(bool, const std::string&)>;

  void Start(const std::string& method, const std::string& request, Done done) {
    auto* const call = new CallState;
    call->context.AddMetadata("authorization", token_);
    call->request = ToBuffer(request);
    call->done = std::move(done);
    stub_.UnaryCall(&call->context, method, grpc::StubOptions(), &call->request, &call->response,
                    [call](grpc::Status status) {
                      const std::string answer = status.ok() ? ToBytes(call->response) : "";
                      const Done done = std::move(call->done);
                      delete call;
                      done(status.ok(), answer);
                    });
  }

  // Like Start, but the answer is parsed where it lies.
  void Measure(const std::string& method, const std::string& request, const Parse* parse,
               std::function<void(bool)> done) {
    auto* const call = new CallState;
    call->context.AddMetadata("authorization", token_);
    call->request = ToBuffer(request);
    call->measured = std::move(done);
    stub_.UnaryCall(&call->context, method, grpc::StubOptions(), &call->request, &call->response,
                    [call, parse](grpc::Status status) {
                      grpc::Slice slice;
                      const bool good =
                          status.ok() && call->response.DumpToSingleSlice(&slice).ok() &&
                          (*parse)({reinterpret_cast<const char*>(slice.begin()), slice.size()});
                      const std::function<void(bool)> done = std::move(call->measured);
                      delete call;
                      done(good);
                    });
  }

 private:
  // Freed before `done` hears of the end: a context holds the channel, and gRPC's callback thread
  // cannot take down the queue it serves, so it must not drop the last hold on a channel.
  struct CallState {
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
    Done done;
    std::function<void(bool)> measured;
  };
  grpc::GenericStub stub_;
  const std::string token_;
};

LoadClient::LoadClient(const std::string& address, const std::string& token,
                       const std::string& tls_ca)
    : core_(std::make_shared<Core>(address, token, tls_ca)) {}
LoadClient::~LoadClient() = default;

void LoadClient::Start(const std::string& method, const std::string& request,
                       std::function<void(bool, const std::string&)> done) {
  core_->Start(method, request, std::move(done));
}

bool LoadClient::Call(const std::string& method, const std::string& request, std::string* answer) {
  base::Mutex mutex;
  base::CondVar changed;
  bool finished = false;
  bool succeeded = false;
  core_->Start(method, request, [&](bool ok, const std::string& bytes) {
    base::MutexLock lock(&mutex);
    succeeded = ok;
    if (answer != nullptr) *answer = bytes;
    finished = true;
    changed.Signal();
  });
  base::MutexLock lock(&mutex);
  while (!finished) changed.Wait(&mutex);
  return succeeded;
}

Throughput LoadClient::Run(const std::string& method, const Next& next, const Parse& parse,
                           int in_flight, absl::Duration duration) {
  struct State {
    base::Mutex mutex;
    base::CondVar changed;
    int running = 0;
    Throughput result;
    uint64_t counted = 0;
  };
  State state;
  const absl::Time counts_from = absl::Now() + duration / 10;
  const absl::Time end = counts_from + duration;
  // One chain of calls per place in flight: each call starts the next one when it ends.
  std::function<void()> start = [&] {
    const absl::Time begun = absl::Now();
    core_->Measure(method, next(), &parse, [&, begun](bool ok) {
      const absl::Time now = absl::Now();
      bool more = false;
      {
        base::MutexLock lock(&state.mutex);
        if (!ok) ++state.result.failed;
        if (ok && now >= counts_from && now < end) {
          ++state.counted;
          state.result.latencies.Add(now - begun);
        }
        more = now < end;
        if (!more && --state.running == 0) state.changed.Signal();
      }
      if (more) start();
    });
  };
  {
    base::MutexLock lock(&state.mutex);
    state.running = in_flight;
  }
  for (int i = 0; i < in_flight; ++i) start();
  base::MutexLock lock(&state.mutex);
  while (state.running > 0) state.changed.Wait(&state.mutex);
  state.result.per_second = static_cast<double>(state.counted) / absl::ToDoubleSeconds(duration);
  return std::move(state.result);
}

class StreamLoad::Core {
 public:
  Core(const std::string& address, const std::string& token, const std::string& method,
       const RequestOf& request_of, int count, int channels, OnMessage on_message,
       bool reads_on = true)
      : on_message_(std::move(on_message)), reads_on_(reads_on) {
    for (int i = 0; i < channels; ++i) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(Connect(address, i + 1)));
    }
    for (int i = 0; i < count; ++i) {
      auto stream = std::make_unique<Stream>(this, i);
      stream->context.AddMetadata("authorization", "Bearer " + token);
      stream->request = ToBuffer(request_of(i));
      streams_.push_back(std::move(stream));
    }
    {
      base::MutexLock lock(&mutex_);
      open_ = count;
    }
    for (int i = 0; i < count; ++i) {
      Stream* const stream = streams_[static_cast<size_t>(i)].get();
      stubs_[static_cast<size_t>(i % channels)]->PrepareBidiStreamingCall(
          &stream->context, method, grpc::StubOptions(), stream);
      stream->StartWriteLast(&stream->request, grpc::WriteOptions());
      stream->StartRead(&stream->response);
      stream->StartCall();
    }
  }

  ~Core() {
    for (const auto& stream : streams_) stream->context.TryCancel();
    base::MutexLock lock(&mutex_);
    while (open_ > 0) closed_.Wait(&mutex_);
  }

 private:
  struct Stream final : grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
    Stream(Core* owner, int number) : owner(owner), number(number) {}
    void OnReadDone(bool ok) override {
      if (!ok) return;
      owner->on_message_(number, ToBytes(response));
      if (owner->reads_on_) StartRead(&response);
    }
    void OnDone(const grpc::Status&) override { owner->OnClosed(); }

    Core* const owner;
    const int number;
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
  };

  void OnClosed() {
    base::MutexLock lock(&mutex_);
    if (--open_ == 0) closed_.Signal();
  }

  const OnMessage on_message_;
  const bool reads_on_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<std::unique_ptr<Stream>> streams_;
  base::Mutex mutex_;
  base::CondVar closed_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
};

StreamLoad::StreamLoad(const std::string& address, const std::string& token,
                       const std::string& method, const std::string& request, int count,
                       int channels, OnMessage on_message)
    : StreamLoad(
          address, token, method, [&](int) { return request; }, count, channels,
          std::move(on_message)) {}
StreamLoad::StreamLoad(const std::string& address, const std::string& token,
                       const std::string& method, const RequestOf& request_of, int count,
                       int channels, OnMessage on_message)
    : core_(std::make_unique<Core>(address, token, method, request_of, count, channels,
                                   std::move(on_message))) {}
StreamLoad::StreamLoad(const std::string& address, const std::string& token,
                       const std::string& method, const std::string& request, OnMessage on_message,
                       ReadsNoMore)
    : core_(std::make_unique<Core>(
          address, token, method, [&](int) { return request; }, 1, 1, std::move(on_message),
          false)) {}
StreamLoad::~StreamLoad() = default;

}  // namespace supervision::bench
