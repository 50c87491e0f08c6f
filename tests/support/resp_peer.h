#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "services/base/mutex.h"
#include "tests/support/temp_dir.h"

namespace supervision::testing {

// Plays a Redis that does what a real one will not do on demand: half answers, late answers,
// silence, odd errors, closing in the middle. It listens on a unix socket. A command whose name has
// an answer is answered at once (to begin with: what a client sends on entering); any other waits
// in a queue until the test takes it and writes whatever bytes it likes.
//
// Thread-safe.
class RespPeer {
 public:
  RespPeer();
  ~RespPeer();
  RespPeer(const RespPeer&) = delete;
  RespPeer& operator=(const RespPeer&) = delete;

  const std::string& path() const { return path_; }

  // From now on answers each `name` with `bytes`; empty: leaves it to the test.
  void Answer(const std::string& name, const std::string& bytes);

  // The next command that has no answer, on any connection; waits for it (the process ends when
  // none comes within a generous time).
  std::vector<std::string> Next();

  // Writes to the newest connection.
  void Write(const std::string& bytes);
  // Closes every connection; new ones are taken.
  void CloseConnections();
  // Neither accepts nor reads any more: the other side's writes fill up.
  void Freeze();

  int connections() const;  // since the start
  int open_connections() const;
  size_t bytes_read() const;

 private:
  struct Connection {
    int fd;
    std::string unread;
  };

  void Main() ABSL_LOCKS_EXCLUDED(mutex_);
  // False when the connection has ended.
  bool Read(Connection* connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake();

  const TempDir directory_;
  const std::string path_;
  int listener_ = -1;
  int wake_[2];

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::map<std::string, std::string> answers_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::vector<std::string>> unanswered_ ABSL_GUARDED_BY(mutex_);
  std::vector<Connection> open_ ABSL_GUARDED_BY(mutex_);  // oldest first
  int accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_read_ ABSL_GUARDED_BY(mutex_) = 0;
  bool frozen_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace supervision::testing
