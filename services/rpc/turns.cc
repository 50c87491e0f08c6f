#include "services/rpc/turns.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/alarm.h"

namespace supervision::rpc {

void OnGrpcThread(std::function<void()> work) {
  // The alarm owns the callback, which ends the alarm: gRPC keeps both until the callback returns.
  auto* const alarm = new grpc::Alarm;
  alarm->Set(std::chrono::system_clock::now(), [alarm, work = std::move(work)](bool /*ok*/) {
    const std::unique_ptr<grpc::Alarm> owned(alarm);
    work();
  });
}

void InTurns(std::function<bool()> step) {
  constexpr absl::Duration kTurn = absl::Milliseconds(2);
  const absl::Time end = absl::Now() + kTurn;
  while (step()) {
    if (absl::Now() >= end) return OnGrpcThread([step = std::move(step)] { InTurns(step); });
  }
}

}  // namespace supervision::rpc
