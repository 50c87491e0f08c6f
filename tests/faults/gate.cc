#include "tests/faults/gate.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <list>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "services/base/mutex.h"

namespace supervision::faults {
namespace {

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

int ConnectTo(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace

class Gate::Core {
 public:
  Core(const std::string& listen_path, std::string redis_path)
      : redis_path_(std::move(redis_path)),
        listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = AddressOf(listen_path);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener_, 16) != 0 || pipe(wake_) != 0) {
      std::abort();  // the test cannot go on without its gate
    }
    thread_ = std::thread([this] { Run(); });
  }

  ~Core() {
    stopping_ = true;
    if (write(wake_[1], "x", 1) != 1) std::abort();
    thread_.join();
    for (const Pair& pair : pairs_) Close(pair);
    close(listener_);
    close(wake_[0]);
    close(wake_[1]);
  }

  void Arm(Trap trap, std::function<void()> sprung) {
    base::MutexLock lock(&mutex_);
    trap_ = trap;
    sprung_ = std::move(sprung);
  }

 private:
  struct Pair {
    int service;
    int redis;
    bool commit_under_way = false;  // a commit has passed and its answer has not
    bool dead = false;
  };

  static void Close(const Pair& pair) {
    close(pair.service);
    close(pair.redis);
  }

  // True when the trap was set for this moment; it is then sprung and gone.
  bool Spring(Trap moment) {
    std::function<void()> sprung;
    {
      base::MutexLock lock(&mutex_);
      if (trap_ != moment) return false;
      trap_.reset();
      sprung = std::move(sprung_);
    }
    sprung();
    return true;
  }

  void FromService(Pair* pair) {
    const ssize_t size = recv(pair->service, buffer_, sizeof(buffer_), 0);
    if (size <= 0) {
      pair->dead = true;
      return;
    }
    const std::string_view bytes(buffer_, static_cast<size_t>(size));
    // Only the connection that commits sends large EVALSHA calls with a clue in them.
    const bool commit =
        bytes.size() > kSmallestCommit && bytes.find("EVALSHA") != std::string_view::npos;
    if (commit && Spring(Trap::kBeforeScript)) {
      pair->dead = true;
      return;
    }
    if (commit) pair->commit_under_way = true;
    if (!SendAll(pair->redis, bytes)) pair->dead = true;
  }

  void FromRedis(Pair* pair) {
    const ssize_t size = recv(pair->redis, buffer_, sizeof(buffer_), 0);
    if (size <= 0) {
      pair->dead = true;
      return;
    }
    if (pair->commit_under_way && Spring(Trap::kAfterScript)) {
      pair->dead = true;
      return;
    }
    pair->commit_under_way = false;
    if (!SendAll(pair->service, std::string_view(buffer_, static_cast<size_t>(size)))) {
      pair->dead = true;
    }
  }

  void Accept() {
    const int service = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (service < 0) return;
    const int redis = ConnectTo(redis_path_);
    if (redis < 0) {
      close(service);
      return;
    }
    pairs_.push_back({service, redis});
  }

  void Run() {
    while (!stopping_) {
      std::vector<pollfd> fds = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        fds.push_back({pair.service, POLLIN, 0});
        fds.push_back({pair.redis, POLLIN, 0});
      }
      if (poll(fds.data(), fds.size(), -1) < 0) continue;
      size_t i = 2;
      for (auto pair = pairs_.begin(); pair != pairs_.end(); i += 2) {
        if (fds[i].revents != 0) FromService(&*pair);
        if (!pair->dead && fds[i + 1].revents != 0) FromRedis(&*pair);
        if (pair->dead) {
          Close(*pair);
          pair = pairs_.erase(pair);
        } else {
          ++pair;
        }
      }
      if (fds[1].revents != 0) Accept();
    }
  }

  static constexpr size_t kSmallestCommit = 400;

  const std::string redis_path_;
  const int listener_;
  int wake_[2];
  std::atomic<bool> stopping_ = false;
  std::list<Pair> pairs_;  // of the gate's thread
  char buffer_[65536];
  base::Mutex mutex_;
  std::optional<Trap> trap_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> sprung_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

Gate::Gate(std::string listen_path, std::string redis_path)
    : core_(std::make_unique<Core>(listen_path, std::move(redis_path))) {}
Gate::~Gate() = default;
void Gate::Arm(Trap trap, std::function<void()> sprung) { core_->Arm(trap, std::move(sprung)); }

}  // namespace supervision::faults
