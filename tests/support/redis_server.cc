#include "tests/support/redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "services/redis/append_only_file.h"
#include "tests/support/eventually.h"
#include "tests/support/service_process.h"

namespace supervision::testing {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::cerr << "tests/support/redis_server: " << why << std::endl;
  std::abort();
}

int ConnectTo(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

// True when `bytes` begins with a whole reply, whose end goes to `*end`.
bool SkipReply(const std::string& bytes, size_t* end) {
  const size_t line_end = bytes.find("\r\n", *end);
  if (line_end == std::string::npos) return false;
  const char type = bytes[*end];
  const long number = std::strtol(bytes.c_str() + *end + 1, nullptr, 10);
  *end = line_end + 2;
  if (type == '$' && number >= 0) {
    *end += static_cast<size_t>(number) + 2;
    return *end <= bytes.size();
  }
  if (type == '*') {
    for (long i = 0; i < number; ++i) {
      if (!SkipReply(bytes, end)) return false;
    }
  }
  return true;
}

// "--user" with the line of the shipped users.acl, but for password and key prefix.
std::vector<std::string> ServiceUserWords() {
  std::ifstream acl(std::string(SUPERVISION_SOURCE_DIR) + "/deploy/redis/users.acl");
  std::vector<std::string> words = {"--user"};
  for (std::string line; std::getline(acl, line);) {
    std::stringstream rights(line);
    std::string word;
    rights >> word >> word;
    if (word != kServiceUser) continue;
    words.push_back(word);
    while (rights >> word) {
      if (word[0] == '#') word = std::string(">") + kServicePassword;
      words.push_back(word == "~sv:*" ? "~*sv:*" : word);
    }
  }
  if (words.size() < 10) Die("deploy/redis/users.acl has no user of the service");
  return words;
}

}  // namespace

std::string RedisExecutable() {
  std::stringstream directories(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string path = directory + "/redis-server";
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  const char* const same_binary = "/usr/bin/redis-check-rdb";
  return access(same_binary, X_OK) == 0 ? same_binary : "";
}

std::vector<std::string> ServiceUserFlags(const std::string& directory) {
  const std::string file = directory + "/redis-password";
  std::ofstream(file) << kServicePassword << "\n";
  return {std::string("--redis.user=") + kServiceUser, "--redis.password_file=" + file};
}

RedisServer::RedisServer() : RedisServer(Options()) {}

RedisServer::RedisServer(Options options)
    : options_(std::move(options)), path_(directory_.path() + "/redis.sock") {
  if (options_.tcp) port_ = FreePort();
  Start();
}

RedisServer::~RedisServer() {
  ExpectNothingWasForbidden();
  Kill9();
}

void RedisServer::ExpectNothingWasForbidden() const {
  if (pid_ == 0 || frozen_) return;
  // Each entry has as its reason "command", "key", "channel" or, which tests do on purpose, "auth".
  const std::string log = Call({"ACL", "LOG"});
  const std::string user = std::string("username\r\n$11\r\n") + kServiceUser;
  const std::string reason = "reason\r\n";
  for (size_t at = log.find(reason); at != std::string::npos;) {
    const size_t next = log.find(reason, at + 1);
    const std::string entry = log.substr(at + reason.size(), next - at);
    at = next;
    if (entry.find(user) == std::string::npos || entry.rfind("$4\r\nauth", 0) == 0) continue;
    std::cerr << entry;
    Die("deploy/redis/users.acl does not permit what was asked for");
  }
}

void RedisServer::Start() {
  if (pid_ != 0) return;
  const std::string executable = RedisExecutable();
  if (executable.empty()) Die("no redis-server; install the Debian package redis-tools");
  if (Launch(executable)) return;
  // Killed in the middle of a write: what deploy/redis/start does.
  if (redis::EndsInTheMiddle(Log())) {
    const auto cut = redis::CutUnfinishedWrite(executable, directory());
    if (!cut.ok()) Die(std::string(cut.status().message()));
    if (Launch(executable)) return;
  }
  std::cerr << Log();
  Die("redis-server did not start");
}

std::string RedisServer::Log() const {
  std::ifstream log(directory() + "/redis.log");
  return {std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
}

bool RedisServer::Launch(const std::string& executable) {
  std::vector<std::string> words = {"redis-server",
                                    "--dir",
                                    directory(),
                                    "--unixsocket",
                                    path_,
                                    "--port",
                                    std::to_string(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--save",
                                    "",
                                    "--daemonize",
                                    "no",
                                    "--logfile",
                                    "redis.log",
                                    "--maxmemory-policy",
                                    "noeviction"};
  if (options_.durable) {
    words.insert(words.end(),
                 {"--hash-max-listpack-value", "8192", "--appendonly", "yes", "--appendfsync",
                  "always", "--no-appendfsync-on-rewrite", "no", "--aof-load-truncated", "no"});
  }
  const std::vector<std::string> user = ServiceUserWords();
  words.insert(words.end(), user.begin(), user.end());
  words.insert(words.end(), options_.settings.begin(), options_.settings.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {  // only what is safe after fork
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    execv(executable.c_str(), arguments.data());
    _exit(127);
  }
  if (pid_ < 0) Die(std::string("fork: ") + std::strerror(errno));
  const bool ready = Eventually([this] {
    return waitpid(pid_, nullptr, WNOHANG) != 0 || Call({"PING"}).substr(0, 1) == "+" ||
           Call({"PING"}).find("NOAUTH") != std::string::npos;
  });
  if (ready && kill(pid_, 0) == 0) return true;
  if (!ready) End(SIGKILL);
  pid_ = 0;
  return false;
}

void RedisServer::End(int signal) {
  if (pid_ == 0) return;
  kill(pid_, signal);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  frozen_ = false;
}

void RedisServer::Kill9() { End(SIGKILL); }
void RedisServer::Shutdown() { End(SIGTERM); }
void RedisServer::Freeze() {
  kill(pid_, SIGSTOP);
  frozen_ = true;
}
void RedisServer::Thaw() {
  kill(pid_, SIGCONT);
  frozen_ = false;
}

std::string RedisServer::Call(const std::vector<std::string>& command) const {
  const int fd = ConnectTo(path_);
  if (fd < 0) return "";
  std::string request = "*" + std::to_string(command.size()) + "\r\n";
  for (const std::string& word : command) {
    request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  std::string reply;
  size_t end = 0;
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
      static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    while (true) {
      end = 0;
      if (SkipReply(reply, &end)) break;
      const ssize_t size = read(fd, buffer, sizeof(buffer));
      if (size <= 0) break;
      reply.append(buffer, static_cast<size_t>(size));
    }
  }
  close(fd);
  return reply;
}

}  // namespace supervision::testing
