#pragma once

#include <random>

#include "absl/time/time.h"

namespace supervision::base {

// Exponential back-off with full jitter: the n-th delay is drawn evenly from
// [0, min(maximum, initial * 2^n)], so that many waiters never come back together.
// Not thread-safe: one owner.
class Backoff {
 public:
  struct Options {
    absl::Duration initial = absl::Milliseconds(50);
    absl::Duration maximum = absl::Seconds(5);
  };
  Backoff(const Options& options, uint64_t seed) : options_(options), random_(seed) {}

  // The next delay; each call doubles the range of the following one.
  absl::Duration Next();

  // Starts again from `initial`: to be called after a success.
  void Reset() { attempt_ = 0; }

 private:
  const Options options_;
  std::mt19937_64 random_;
  int attempt_ = 0;
};

}  // namespace supervision::base
