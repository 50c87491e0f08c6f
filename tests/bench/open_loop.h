#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "services/base/mutex.h"
#include "tests/bench/load.h"

namespace supervision::bench {

// A partner that sends clues at a fixed pace, each at its time whatever became of those before it.
class OpenLoop {
 public:
  OpenLoop(const std::string& address, const std::string& token) : client_(address, token) {}

  // Waits for the answers too.
  void Run(int per_second, absl::Duration duration);
  // Of the calls that were accepted, since the last time.
  Latencies TakeLatencies();

 private:
  LoadClient client_;
  std::atomic<int64_t> answered_ = 0;
  base::Mutex mutex_;
  Latencies latencies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace supervision::bench
