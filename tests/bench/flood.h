#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "absl/time/time.h"

namespace supervision::bench {

// What a partner sends that others have to live with.
struct FloodTask {
  std::string service;  // address
  int per_second = 0;
  absl::Duration duration;
};

// A partner as a process of its own, as partners are: the answers that it gets shall not keep those
// waiting that the partner beside it gets.
class Flood {
 public:
  // `executable`: this program. Starts at once.
  Flood(const std::string& executable, const FloodTask& task);
  ~Flood() { Wait(); }

  // Calls that were accepted.
  int64_t Wait();

 private:
  int64_t accepted_ = 0;
  std::thread reader_;
};

// What the process of a flood runs; prints the result for Flood.
inline constexpr char kFloodFlag[] = "--flood";
int RunFlood(int argc, char** argv);

}  // namespace supervision::bench
