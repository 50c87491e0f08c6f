#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace supervision::testing {

// The user of deploy/redis/users.acl, which every RedisServer has beside the default one: with a
// password of the tests, and for the keys of any prefix.
inline constexpr char kServiceUser[] = "supervision";
inline constexpr char kServicePassword[] = "of-the-tests";

// A real redis-server of the test's own, on a unix socket in a fresh directory, ready when the
// constructor returns; it ends with this object, or with the thread that made it. A test cannot go
// on without one: when it does not start, its log is printed and the process ends. So it does at
// the end where somebody wanted what users.acl does not give; a test that means to takes the note
// away with ACL LOG RESET.
class RedisServer {
 public:
  struct Options {
    // Append-only file, fsync on every write, no eviction: what the service asks for. Otherwise
    // Redis keeps everything in memory only, which is faster.
    bool durable = true;
    bool tcp = false;                   // also listens on 127.0.0.1, on a port of its own
    std::vector<std::string> settings;  // further words of the command line: {"--maxmemory", "8mb"}
  };

  RedisServer();
  explicit RedisServer(Options options);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  const std::string& path() const { return path_; }  // of the unix socket
  const std::string& directory() const { return directory_.path(); }
  uint16_t port() const { return port_; }  // 0 without Options::tcp
  int pid() const { return pid_; }         // 0 while it does not run

  void Kill9();                         // returns when it is gone
  void Shutdown();                      // SIGTERM, and returns when it is gone
  void Start();                         // again, on the same data and addresses; waits until ready
  void Restart() { Kill9(), Start(); }  // kill -9 in between
  void Freeze();                        // SIGSTOP: it lives and answers nothing
  void Thaw();

  // Sends one command on a connection of its own and waits; the reply as it came over the wire.
  std::string Call(const std::vector<std::string>& command) const;

 private:
  bool Launch(const std::string& executable);  // whether it came to answer
  std::string Log() const;
  void End(int signal);
  void ExpectNothingWasForbidden() const;

  const Options options_;
  const TempDir directory_;
  const std::string path_;
  uint16_t port_ = 0;
  int pid_ = 0;
  bool frozen_ = false;
};

// The program to run as redis-server: the one on PATH, or Debian's redis-check-rdb, which is the
// same binary (package redis-tools). Empty when there is none.
std::string RedisExecutable();

// The flags of a service that enters a RedisServer as that user. The file of the password is
// written into `directory`.
std::vector<std::string> ServiceUserFlags(const std::string& directory);

}  // namespace supervision::testing
