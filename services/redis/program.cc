#include "services/redis/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "services/redis/child_process.h"

namespace supervision::redis {
namespace {

constexpr char kSameBinary[] = "/usr/bin/redis-check-rdb";
constexpr size_t kLastWordsBytes = 400;
constexpr absl::Duration kWithoutPidfd = absl::Milliseconds(50);  // between two looks at the child

std::string ReadFromStart(int fd) {
  std::string text;
  char block[4096];
  off_t offset = 0;
  ssize_t count = 0;
  while ((count = pread(fd, block, sizeof(block), offset)) > 0) {
    text.append(block, static_cast<size_t>(count));
    offset += count;
  }
  return text;
}

}  // namespace

std::string FindOnPath(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::stringstream directories(path != nullptr ? path : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    std::string candidate = absl::StrCat(directory, "/", name);
    if (!directory.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

absl::StatusOr<std::string> FindRedisServer(const std::string& configured) {
  const auto is_executable = [](const std::string& path) {
    return access(path.c_str(), X_OK) == 0;
  };
  if (!configured.empty()) {
    if (is_executable(configured)) return configured;
    return absl::NotFoundError(
        absl::StrCat("the redis-server program ", configured, " cannot be executed"));
  }
  if (std::string found = FindOnPath("redis-server"); !found.empty()) return found;
  if (is_executable(kSameBinary)) return std::string(kSameBinary);
  return absl::NotFoundError(
      "no redis-server on this machine; install the Debian package redis-tools (its "
      "redis-check-rdb is the same program), or set redis.address to a Redis of your own");
}

absl::StatusOr<ProgramEnd> RunToEnd(const std::string& path, std::vector<std::string> words,
                                    std::string_view given) {
  const int output = memfd_create("output", MFD_CLOEXEC);
  const int input = memfd_create("input", MFD_CLOEXEC);
  const absl::Cleanup close_both = [output, input] {
    if (output >= 0) close(output);
    if (input >= 0) close(input);
  };
  if (output < 0 || input < 0 ||
      pwrite(input, given.data(), given.size(), 0) != static_cast<ssize_t>(given.size())) {
    return absl::InternalError("cannot keep what a program reads and prints in memory");
  }
  ChildProcess::Program program;
  program.executable = path;
  program.arguments = std::move(words);
  program.input_fd = input;
  program.output_fd = output;
  absl::StatusOr<std::unique_ptr<ChildProcess>> child = ChildProcess::Start(program);
  if (!child.ok()) return child.status();
  while (!(*child)->HasEnded()) {
    pollfd ended = {(*child)->ended_fd(), POLLIN, 0};
    if (ended.fd >= 0) {
      poll(&ended, 1, -1);
    } else {
      absl::SleepFor(kWithoutPidfd);
    }
  }
  return ProgramEnd{ReadFromStart(output), (*child)->HowItEnded()};
}

absl::StatusOr<std::string> RunProgram(const std::string& name,
                                       std::vector<std::string> arguments) {
  const std::string path = FindOnPath(name);
  if (path.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no ", name, " on this machine; install the Debian package redis-tools"));
  }
  arguments.insert(arguments.begin(), name);
  absl::StatusOr<ProgramEnd> end = RunToEnd(path, std::move(arguments));
  if (!end.ok()) return end.status();
  if (end->ok()) return std::move(end->output);
  const std::string& text = end->output;
  std::string last = text.substr(text.size() - std::min(text.size(), kLastWordsBytes));
  std::replace(last.begin(), last.end(), '\n', ' ');
  const std::string said = absl::StrCat(name, " ", end->how, ": ", last);
  return end->exited() ? absl::FailedPreconditionError(said) : absl::AbortedError(said);
}

}  // namespace supervision::redis
