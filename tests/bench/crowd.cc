#include "tests/bench/crowd.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "tests/bench/load.h"
#include "tests/bench/requests.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {
namespace {

constexpr int kConnections = 10;

}  // namespace

Crowd::Crowd(const std::string& executable, const CrowdTask& task) {
  // A cursor and an address need no quoting: URL-safe Base64, and digits with dots.
  const std::string command =
      absl::StrFormat("exec '%s' %s %s %s %d %d %d", executable, kCrowdFlag, task.service,
                      task.cursor, task.monitors, task.missed, absl::ToInt64Seconds(task.patience));
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) std::abort();
  reader_ = std::thread([this, pipe] {
    if (std::fscanf(pipe, "%d %lf %lf", &result_.level, &result_.share, &result_.seconds) != 3) {
      result_ = Result();
    }
    pclose(pipe);
    done_ = true;
  });
}

Crowd::Result Crowd::Wait() {
  if (reader_.joinable()) reader_.join();
  return result_;
}

int RunCrowd(int argc, char** argv) {
  if (argc != 7) return 2;
  CrowdTask task;
  task.service = argv[2];
  task.cursor = argv[3];
  task.monitors = std::atoi(argv[4]);
  task.missed = std::atoll(argv[5]);
  task.patience = absl::Seconds(std::atoi(argv[6]));
  std::vector<std::atomic<int64_t>> told(static_cast<size_t>(task.monitors));
  std::atomic<int64_t> level = 0;
  std::atomic<int64_t> took_us = 0;
  const absl::Time begun = absl::Now();
  {
    StreamLoad monitors(task.service, kMonitorToken, kWatchMethod, WatchFromCursor(task.cursor),
                        task.monitors, kConnections, [&](int stream, const std::string& bytes) {
                          std::atomic<int64_t>& own = told[static_cast<size_t>(stream)];
                          const int64_t had = own.load();
                          const int64_t has = had + CountUpdates(bytes);
                          own = has;
                          if (had < task.missed && has >= task.missed && ++level == task.monitors) {
                            took_us = absl::ToInt64Microseconds(absl::Now() - begun);
                          }
                        });
    WaitForCount(level, task.monitors, task.patience);
  }
  double share = 0;
  for (const std::atomic<int64_t>& own : told) {
    share += 100.0 * static_cast<double>(std::min(own.load(), task.missed)) /
             static_cast<double>(task.missed * task.monitors);
  }
  std::printf("%d %f %f\n", static_cast<int>(level.load()), share,
              static_cast<double>(took_us.load()) / 1e6);
  return 0;
}

}  // namespace supervision::bench
