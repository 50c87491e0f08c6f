#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace supervision::redis {

// A private redis-server in a data directory, started with durable settings (append-only file,
// fsync on every write, no eviction), on a unix socket in that directory, reachable by nobody else
// (0600, port 0). It is restarted with back-off when it ends, and ends with the service.
//
// The directory is locked by an flock on a descriptor that the child inherits, so it stays locked
// while either of the two lives: two redis-servers on one directory would both start, and
// acknowledged keys would be gone after a restart. A new service waits for an orphan to end (it
// asks it to, by SHUTDOWN through the socket) and refuses a directory that another living service
// holds.
//
// The child is started by a thread that lives as long as this object, and dies with it
// (PR_SET_PDEATHSIG fires with the thread that started the child, not with the process).
//
// Thread-safe.
class EmbeddedRedis {
 public:
  struct Options {
    std::string data_directory;     // made when missing, 0700
    std::string executable;         // empty: redis-server on PATH, or Debian's redis-check-rdb,
                                    // which is the same binary (package redis-tools) under a name
    uint64_t max_memory_bytes = 0;  // 0: no limit
    // Below it the state says disk_full, until FreeAgainBytes() of it are free.
    uint64_t min_free_disk_bytes = 256 << 20;
    absl::Duration disk_check_interval = absl::Seconds(1);
    // Free bytes where `directory` lies; empty: what the file system says.
    std::function<uint64_t(const std::string& directory)> free_disk_bytes;
    // How long it may be silent; while it answers LOADING it is waited for, however long that
    // takes.
    absl::Duration start_timeout = absl::Seconds(30);
    absl::Duration orphan_timeout = absl::Seconds(15);
    // Called from the keeper's thread on every change.
    std::function<void(const struct EmbeddedState&)> on_state_change;
  };

  // Locks the directory and starts the server; returns when it answers PING, or LOADING: then it
  // reads its data, which may take a minute, and the state says how far it is. Errors are sentences
  // for an operator: who holds the directory, what is missing, that the disk is full.
  static absl::StatusOr<std::unique_ptr<EmbeddedRedis>> Start(Options options);
  ~EmbeddedRedis();  // stops

  std::string socket_path() const;  // short enough for sun_path, whatever the data directory
  int pid() const;                  // of the child; 0 while none lives
  struct EmbeddedState state() const;

  // SHUTDOWN (the append-only file is complete already), then SIGTERM, then SIGKILL, each after its
  // share of `timeout`. Safe to call twice.
  void Stop(absl::Duration timeout = absl::Seconds(10));

 private:
  class Keeper;
  explicit EmbeddedRedis(std::unique_ptr<Keeper> keeper);
  const std::string socket_path_;
  std::unique_ptr<Keeper> keeper_;
};

// How much must be free before a disk that was full for `min_free_disk_bytes` counts as free again:
// an eighth more, so that the state does not flicker at the limit.
constexpr uint64_t FreeAgainBytes(uint64_t min_free_disk_bytes) {
  return min_free_disk_bytes + min_free_disk_bytes / 8;
}

struct EmbeddedState {
  enum class Phase { kStarting, kRunning, kWaitingToRestart, kStopped };
  Phase phase = Phase::kStarting;
  bool disk_full = false;  // named as such: intake is refused before Redis has to exit
  int restarts = 0;
  int loaded_percent = -1;  // of its data, while it reads them at a start; -1: it does not
  std::string last_error;   // the last lines of Redis' own log when it ended by itself

  bool operator==(const EmbeddedState&) const = default;
};

}  // namespace supervision::redis
