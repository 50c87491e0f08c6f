#pragma once

#include <memory>

#include "absl/time/time.h"
#include "grpcpp/channel.h"

namespace supervision::rpc {

// Keeps gRPC's callback threads from napping: after an idle second they sleep up to 100 ms at a
// time, and a lone call waits that long (measured: 19 of 80 calls). A health check of our own
// inside the process, a few times a second, costs next to nothing and keeps them awake.
//
// Thread-safe. Stop() twice is safe; the last check has ended when it returns.
class KeepAwake {
 public:
  // `channel` leads to a server with the default health service.
  explicit KeepAwake(std::shared_ptr<grpc::Channel> channel,
                     absl::Duration interval = absl::Milliseconds(100));
  ~KeepAwake();  // stops
  void Stop();

 private:
  class Pinger;
  std::shared_ptr<Pinger> pinger_;
};

}  // namespace supervision::rpc
