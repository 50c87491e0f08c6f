#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace supervision::redis {

// A child that ends when the thread that started it ends: only that thread may use it, except
// Signal(), and it lives as long as the child shall.
class ChildProcess {
 public:
  struct Program {
    std::string executable;              // a path
    std::vector<std::string> arguments;  // from argv[0] on
    int inherited_fd = -1;               // stays open in the child
    int input_fd = -1;                   // the child's stdin; -1: nothing
    int output_fd = -1;                  // the child's stdout and stderr
  };

  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const Program& program);
  ~ChildProcess();  // kills it where it still lives
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int pid() const { return pid_; }
  // Becomes readable when the child ends; -1 where the kernel has none: then ask HasEnded() at
  // times.
  int ended_fd() const { return ended_fd_; }
  bool HasEnded();
  void Signal(int signal);
  // "exited with status 1", "was ended by signal 9". REQUIRES: HasEnded().
  std::string HowItEnded() const;

 private:
  ChildProcess(int pid, int ended_fd) : pid_(pid), ended_fd_(ended_fd) {}

  const int pid_;
  const int ended_fd_;
  bool ended_ = false;
  int status_ = 0;
};

}  // namespace supervision::redis
