#pragma once

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace supervision::bench {

// Lets time pass, which is what some measurements are about.
void WaitUntil(absl::Time time);

// Waits until `counter` has reached `target`; false after `patience`.
bool WaitForCount(const std::atomic<int64_t>& counter, int64_t target, absl::Duration patience);

// Of a process: resident memory in KiB, processor time used so far.
int64_t ResidentKib(int pid);
absl::Duration ProcessorTime(int pid);

}  // namespace supervision::bench
