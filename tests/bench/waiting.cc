#include "tests/bench/waiting.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "absl/time/clock.h"

namespace supervision::bench {

void WaitUntil(absl::Time time) { std::this_thread::sleep_until(absl::ToChronoTime(time)); }

bool WaitForCount(const std::atomic<int64_t>& counter, int64_t target, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  while (counter.load() < target) {
    if (absl::Now() > end) return false;
    WaitUntil(absl::Now() + absl::Milliseconds(1));
  }
  return true;
}

int64_t ResidentKib(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::strtoll(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

absl::Duration ProcessorTime(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string field;
  int64_t ticks = 0;
  for (int i = 3; fields >> field; ++i) {
    if (i == 14 || i == 15) ticks += std::strtoll(field.c_str(), nullptr, 10);
  }
  return absl::Seconds(static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace supervision::bench
