#include "tests/bench/reference_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <signal.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "supervision/v1/clue_service.pb.h"

namespace supervision::bench {
namespace {

class EchoReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit EchoReactor(bool typed) : typed_(typed) { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (ok && (!typed_ || ParseAndSerialise())) {
      StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override { delete this; }

 private:
  // With what gRPC's generated code does it with.
  bool ParseAndSerialise() {
    using Traits = grpc::SerializationTraits<v1::SubmitClueRequest>;
    v1::SubmitClueRequest request;
    bool own_buffer = false;
    return Traits::Deserialize(&message_, &request).ok() &&
           Traits::Serialize(request, &message_, &own_buffer).ok();
  }

  const bool typed_;
  grpc::ByteBuffer message_;
};

class StreamReactor final : public grpc::ServerGenericBidiReactor {
 public:
  StreamReactor() { StartRead(&message_); }
  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
      return;
    }
    std::vector<grpc::Slice> slices;
    std::string request;
    if (message_.Dump(&slices).ok()) {
      for (const grpc::Slice& slice : slices) {
        request.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
    }
    size_t size = 0;
    if (std::sscanf(request.c_str(), "%zu %zu", &left_, &size) != 2) {
      Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "want '<count> <size>'"));
      return;
    }
    const grpc::Slice slice(std::string(size, 'x'));
    message_ = grpc::ByteBuffer(&slice, 1);
    if (left_ == 0) {
      StartSendInitialMetadata();  // open and silent
    } else {
      Next();
    }
  }
  void OnWriteDone(bool ok) override {
    if (ok && --left_ > 0) {
      Next();
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnCancel() override {
    if (left_ == 0) Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void Next() { StartWrite(&message_); }

  grpc::ByteBuffer message_;
  size_t left_ = 0;
};

class ReferenceService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    if (context->method() == kStreamMethod) return new StreamReactor;
    return new EchoReactor(/*typed=*/context->method() == kEchoMethod);
  }
};

}  // namespace

int RunReferenceServer(const std::string& addresses_file) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ReferenceService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::ofstream(addresses_file) << "{\"grpc\": \"127.0.0.1:" << port << "\"}\n";
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}

}  // namespace supervision::bench
