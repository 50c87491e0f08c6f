// Two threads count, once under base::Mutex and, with the argument "unguarded", without it.
// ThreadSanitizer must be silent about the first and report the second: it sees our mutex, and the
// build that says "no race" would have seen one.

#include <array>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <thread>

#include "services/base/mutex.h"

namespace {

// Many cells, each written once by either thread: two threads that hammer one cell overwrite each
// other's traces in ThreadSanitizer's shadow, which then misses most runs.
constexpr int kCells = 1'000;

int CountTogether(bool guarded) {
  supervision::base::Mutex mutex;
  std::array<int, kCells> cells{};
  auto count = [&] {
    for (int& cell : cells) {
      if (guarded) {
        supervision::base::MutexLock lock(&mutex);
        ++cell;
      } else {
        ++cell;
      }
    }
  };
  std::thread other(count);
  count();
  other.join();
  return std::accumulate(cells.begin(), cells.end(), 0);
}

}  // namespace

int main(int argc, char** argv) {
  const bool guarded = argc < 2 || std::strcmp(argv[1], "unguarded") != 0;
  std::printf("counted %d\n", CountTogether(guarded));
  return 0;
}
