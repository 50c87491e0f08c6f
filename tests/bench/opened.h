#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace supervision::bench {

// Waits until `streams` streams have sent their first message, which has the cursor of the start.
struct Opened {
  explicit Opened(int streams) : seen(static_cast<size_t>(streams)) {}
  void Note(int stream) {
    if (!seen[static_cast<size_t>(stream)].exchange(true)) ++count;
  }
  std::vector<std::atomic<bool>> seen;
  std::atomic<int64_t> count = 0;
};

}  // namespace supervision::bench
