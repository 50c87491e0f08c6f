#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/time/time.h"

namespace supervision::bench {

// Monitors that come back with one cursor and read until each has had `missed` alerts, at most
// for so long.
struct CrowdTask {
  std::string service;  // address
  std::string cursor;
  int monitors = 100;
  int64_t missed = 0;
  absl::Duration patience = absl::Seconds(60);
};

// A crowd as a process of its own, as monitors are: what they do with what they hear shall not keep
// the partner and the monitor waiting that are measured beside them.
class Crowd {
 public:
  // `executable`: this program. Starts at once.
  Crowd(const std::string& executable, const CrowdTask& task);
  ~Crowd() { Wait(); }

  struct Result {
    int level = 0;       // monitors that had all of it
    double share = 0;    // of what they missed, in per cent
    double seconds = 0;  // until all had it; 0: not all did
  };
  bool done() const { return done_; }
  Result Wait();

 private:
  Result result_;
  std::atomic<bool> done_ = false;
  std::thread reader_;
};

// What the process of a crowd runs; prints the result for Crowd.
inline constexpr char kCrowdFlag[] = "--crowd";
int RunCrowd(int argc, char** argv);

}  // namespace supervision::bench
