#include "tests/support/service_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <regex>
#include <sstream>
#include <utility>

#include "tests/support/redis_server.h"

extern char** environ;

namespace supervision::testing {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The value of "key": "value" in the small JSON file that the service writes.
std::string JsonText(const std::string& json, const std::string& key) {
  std::smatch match;
  const std::regex pattern("\"" + key + "\"\\s*:\\s*\"([^\"]*)\"");
  return std::regex_search(json, match, pattern) ? match[1].str() : "";
}

// Waits until the process ends or `milliseconds` pass; true when it has ended.
bool WaitForEnd(int pid, int milliseconds) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return true;
  pollfd poll_fd = {fd, POLLIN, 0};
  const bool ended = poll(&poll_fd, 1, milliseconds) > 0;
  close(fd);
  return ended;
}

// Whether this process has the port to itself among all tests: says so by a socket with a name of
// the kernel's, which goes with the process.
bool Claim(uint16_t port) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  const std::string text = "supervision-test-port-" + std::to_string(port);
  std::memcpy(name.sun_path + 1, text.data(), text.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), size) == 0) return true;  // open until the end
  close(fd);
  return false;
}

constexpr int kStartMilliseconds = 90'000;
constexpr int kStepMilliseconds = 5;

}  // namespace

ServiceProcess::ServiceProcess(Options options) : options_(std::move(options)) {}

ServiceProcess::~ServiceProcess() { Kill(); }

bool ServiceProcess::Start() {
  const std::string addresses = options_.directory + "/addresses.json";
  unlink(addresses.c_str());
  const std::string executable = options_.executable.empty() ? std::string(SUPERVISION_BINARY_DIR) +
                                                                   "/services/server/supervisiond"
                                                             : options_.executable;
  std::vector<std::string> arguments = {
      executable,
      "--config=" + std::string(SUPERVISION_SOURCE_DIR) + "/deploy/config/server.yaml",
      "--listen.grpc=127.0.0.1:" + std::to_string(options_.port),
      "--listen.metrics=127.0.0.1:0",
      "--listen.addresses_file=" + addresses,
      "--redis.data_directory=" + options_.directory + "/data",
      "--redis.address=" +
          (options_.redis_address.empty() ? std::string("embedded") : options_.redis_address)};
  if (!options_.redis_address.empty()) {
    for (std::string& flag : ServiceUserFlags(options_.directory)) {
      arguments.push_back(std::move(flag));
    }
  }
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path().c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  const int error = posix_spawn(&pid_, executable.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = 0;
    return false;
  }
  for (int waited = 0; waited < kStartMilliseconds; waited += kStepMilliseconds) {
    const std::string json = ReadFile(addresses);
    grpc_address_ = JsonText(json, "grpc");
    metrics_address_ = JsonText(json, "metrics");
    if (!grpc_address_.empty()) return true;
    if (WaitForEnd(pid_, kStepMilliseconds)) break;
  }
  Kill();
  std::cerr << "the service did not start; its log:\n" << ReadFile(log_path());
  return false;
}

bool ServiceProcess::HasEnded() const {
  siginfo_t ended = {};
  return pid_ != 0 &&
         waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == pid_;
}

void ServiceProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

int ServiceProcess::Terminate() {
  if (pid_ == 0) return -1;
  kill(pid_, SIGTERM);
  if (!WaitForEnd(pid_, kStartMilliseconds)) {
    Kill();
    return -1;
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool ServiceProcess::running() const { return pid_ != 0; }

int ChildOf(int pid) {
  // A thread's children are listed under the thread that started them.
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::ifstream file(task.path() / "children");
    int child = 0;
    if (file >> child) return child;
  }
  return 0;
}

uint16_t FreePort() {
  std::random_device random;
  std::uniform_int_distribution<uint16_t> draw(10'000, 32'000);
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    const uint16_t port = draw(random);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    if (free && Claim(port)) return port;
  }
  std::abort();
}

}  // namespace supervision::testing
