#include "tests/bench/flood.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "tests/bench/open_loop.h"
#include "tests/bench/requests.h"

namespace supervision::bench {

Flood::Flood(const std::string& executable, const FloodTask& task) {
  const std::string command =
      absl::StrFormat("exec '%s' %s %s %d %d", executable, kFloodFlag, task.service,
                      task.per_second, absl::ToInt64Milliseconds(task.duration));
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) std::abort();
  reader_ = std::thread([this, pipe] {
    long accepted = 0;  // NOLINT(google-runtime-int): what the format says
    if (std::fscanf(pipe, "%ld", &accepted) == 1) accepted_ = accepted;
    pclose(pipe);
  });
}

int64_t Flood::Wait() {
  if (reader_.joinable()) reader_.join();
  return accepted_;
}

int RunFlood(int argc, char** argv) {
  if (argc != 5) return 2;
  OpenLoop partner(argv[2], kPartnerToken);
  partner.Run(std::atoi(argv[3]), absl::Milliseconds(std::atoi(argv[4])));
  std::printf("%zu\n", partner.TakeLatencies().size());
  return 0;
}

}  // namespace supervision::bench
