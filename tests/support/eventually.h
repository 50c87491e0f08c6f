#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace supervision::testing {

// True as soon as `condition` holds; false when it still does not after `limit`, which is what a
// machine is given that runs two tests with sanitizers beside others' work.
inline bool Eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace supervision::testing
