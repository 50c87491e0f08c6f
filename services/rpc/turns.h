#pragma once

#include <functional>

namespace supervision::rpc {

// Runs `work` on one of gRPC's own threads, soon. For what takes longer than the Redis loop's
// thread may be held up.
void OnGrpcThread(std::function<void()> work);

// Calls `step` again and again until it says that nothing is left, on the caller's thread and then
// on gRPC's. Sorting takes its time, and gRPC may have two threads in all: after each 2 ms the rest
// waits until other calls have had their turn. REQUIRES: called on one of gRPC's threads.
void InTurns(std::function<bool()> step);

}  // namespace supervision::rpc
