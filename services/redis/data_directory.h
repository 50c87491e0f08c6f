#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace supervision::redis {

// Where the Redis of the data directory `path` listens while it runs.
std::string SocketOf(const std::string& path);

// The process of the service that holds the data directory `path` now; 0 when there is none. Takes
// no lock, which would be in the way of a service that starts.
int ServiceOn(const std::string& path);

// Free bytes where `directory` lies, for whoever is not root.
uint64_t FreeBytes(const std::string& directory);

// Bytes of the append-only files of the embedded Redis in the data directory `path`.
uint64_t AppendOnlyBytes(const std::string& path);

// Zero, or the errno with which no file can be made and written in `directory`: tried with one that
// is removed again.
int TryToWrite(const std::string& directory);

// Whether this process may read and write what Redis keeps in the data directory `path`: the log
// and the append-only files with their folder. After a service was started once by root, or a copy
// was put back by root, they may belong to another than the directory does. Root may everything: of
// its own account it is told where an `owner` is given whose they should be. The error is a
// sentence for an operator that names the first such file.
absl::Status CheckFiles(const std::string& path, std::optional<uid_t> owner = std::nullopt);

// The locked data directory of an embedded Redis. Two locks tell apart who holds it:
//
//   service.lock  held by the service alone: another living service is refused at once
//   redis.lock    held by the service and, inherited, by its redis-server: when it is held though
//                 service.lock was free, the Redis of a service that was killed still lives. It is
//                 asked to end, and waited for
//
// Both are flocks, so they go with the last process that holds them, however it ends. A file's
// content is the holder's process id, for messages only.
class DataDirectory {
 public:
  // Makes the directory where it is missing (0700), and refuses one with files of another user.
  // Errors are sentences for an operator.
  static absl::StatusOr<std::unique_ptr<DataDirectory>> Lock(const std::string& path,
                                                             absl::Duration orphan_timeout);
  ~DataDirectory();  // unlocks
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::string& path() const { return path_; }  // absolute
  // For the server's socket: in the directory, or where that path is too long for a socket in a
  // short private directory, whose name is kept in the file redis.socket-path.
  const std::string& socket_path() const { return socket_path_; }
  int redis_lock() const { return redis_lock_; }  // for the child to inherit
  void NoteRedis(int pid);

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}
  absl::Status LockService();
  absl::Status LockRedis(absl::Duration orphan_timeout);
  absl::Status ChooseSocket();
  std::string File(const char* name) const { return path_ + "/" + name; }

  const std::string path_;
  std::string socket_path_;
  std::string private_directory_;  // of the socket; empty: it lies in path_
  int service_lock_ = -1;
  int redis_lock_ = -1;
};

}  // namespace supervision::redis
