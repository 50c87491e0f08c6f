#pragma once

#include <memory>
#include <unordered_map>

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "services/base/mutex.h"
#include "services/intake/intake.h"
#include "services/rpc/intake_door.h"
#include "services/rpc/unary_call.h"

namespace supervision::rpc {

class ClueStream;
class ClueStreamState;

// The open streams of ClueService.StreamClues. Thread-safe; outlives its streams.
class ClueStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  // The reactor of a new call; it deletes itself when the call is done.
  Reactor* Open(const Edge& edge, intake::Intake* intake, const IntakeDoor* door,
                grpc::CallbackServerContext* context);

  // Every stream reads no more, answers what it has taken and ends with `status`.
  void Drain(const absl::Status& status);

 private:
  friend class ClueStream;
  bool Add(ClueStream* stream);  // false: drain it at once
  void Remove(ClueStream* stream);

  using Streams = std::unordered_map<ClueStream*, std::shared_ptr<ClueStreamState>>;
  base::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  Streams open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::rpc
