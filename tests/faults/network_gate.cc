#include "tests/faults/network_gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <list>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "services/base/mutex.h"

namespace supervision::faults {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostHeld = 256 << 10;  // bytes of one direction that wait in the gate
constexpr char kUnix[] = "unix:";

int ConnectTo(const std::string& target) {
  const bool local = target.rfind(kUnix, 0) == 0;
  const int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = -1;
  if (local) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, target.c_str() + std::strlen(kUnix),
                 sizeof(address.sun_path) - 1);
    result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    const size_t colon = target.rfind(':');
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::atoi(target.c_str() + colon + 1)));
    inet_pton(AF_INET, target.substr(0, colon).c_str(), &address.sin_addr);
    result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (result == 0) return fd;
  close(fd);
  return -1;
}

void Prepare(int fd) {
  const int on = 1;  // says nothing to a unix socket
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

}  // namespace

class NetworkGate::Core {
 public:
  explicit Core(std::string target)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        target_(std::move(target)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) {
      std::abort();  // the test cannot go on without its gate
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }

  ~Core() {
    {
      base::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    Wake();
    thread_.join();
    for (Link& link : links_) Close(link);
    close(listener_);
    close(wake_[0]);
    close(wake_[1]);
  }

  // What the thread goes by has changed.
  void Wake() {
    // A full pipe wakes it too.
    if (write(wake_[1], "x", 1) < 0 && errno != EAGAIN) std::abort();
  }

  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };
  struct Direction {
    int from = -1;
    int to = -1;
    bool to_client = false;
    bool ended = false;  // nothing more comes; what is held still goes
    std::deque<Piece> held;
    size_t held_bytes = 0;
  };
  struct Link {
    Direction up;    // client to target
    Direction down;  // target to client
    bool silent = false;
    bool dead = false;
  };

  static void Close(const Link& link) {
    close(link.up.from);
    close(link.up.to);
  }

  void Run() {
    while (true) {
      {
        base::MutexLock lock(&mutex_);
        if (stopping_) return;
        if (std::exchange(cut_all_, false)) {
          for (Link& link : links_) link.dead = true;
          cuts_ += links_.size();
        }
        if (std::exchange(silence_all_, false)) {
          for (Link& link : links_) link.silent = true;
        }
      }
      Sweep();
      Turn();
    }
  }

  void Sweep() {
    for (auto link = links_.begin(); link != links_.end();) {
      if (link->dead) Close(*link);
      link = link->dead ? links_.erase(link) : std::next(link);
    }
  }

  // Waits for something to do and does it.
  void Turn() {
    std::vector<pollfd> fds = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    int timeout = -1;
    const Clock::time_point now = Clock::now();
    for (const Link& link : links_) {
      for (const Direction* direction : {&link.up, &link.down}) {
        const bool reads = !link.silent && !direction->ended && direction->held_bytes < kMostHeld;
        fds.push_back(
            {link.silent ? -1 : direction->from, static_cast<short>(reads ? POLLIN : 0), 0});
        short writes = 0;
        if (!link.silent && !direction->held.empty()) {
          const Clock::duration left = direction->held.front().due - now;
          if (left <= Clock::duration::zero()) {
            writes = POLLOUT;
          } else {
            const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
            timeout = timeout < 0 ? static_cast<int>(ms) : std::min(timeout, static_cast<int>(ms));
          }
        }
        fds.push_back({writes != 0 ? direction->to : -1, writes, 0});
      }
    }
    if (poll(fds.data(), fds.size(), timeout) < 0) return;
    char buffer[64];
    while (read(wake_[0], buffer, sizeof(buffer)) > 0) {
    }
    size_t i = 2;
    for (Link& link : links_) {
      for (Direction* direction : {&link.up, &link.down}) {
        if (!link.silent && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
          Receive(direction);
        }
        ++i;
        if (fds[i++].revents != 0 && !link.dead) Send(&link, direction);
        if (direction->ended && direction->held.empty()) link.dead = true;
      }
    }
    Sweep();
    if (fds[1].revents != 0) Accept();
  }

  void Receive(Direction* direction) {
    char buffer[16384];
    const ssize_t size = recv(direction->from, buffer, sizeof(buffer), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      direction->ended = true;
      return;
    }
    base::MutexLock lock(&mutex_);
    direction->held.push_back(
        {Clock::now() + weather_.delay, std::string(buffer, static_cast<size_t>(size))});
    direction->held_bytes += static_cast<size_t>(size);
  }

  void Send(Link* link, Direction* direction) {
    base::MutexLock lock(&mutex_);
    std::string& bytes = direction->held.front().bytes;
    size_t most = weather_.chunk == 0 ? bytes.size() : std::min(bytes.size(), weather_.chunk);
    const bool cut = direction->to_client && cut_after_.has_value() && *cut_after_ <= most;
    if (cut) most = *cut_after_;
    if (most > 0) {
      const ssize_t sent = send(direction->to, bytes.data(), most, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) {
        link->dead = true;
        return;
      }
      bytes_ += static_cast<uint64_t>(sent);
      direction->held_bytes -= static_cast<size_t>(sent);
      bytes.erase(0, static_cast<size_t>(sent));
      if (direction->to_client && cut_after_.has_value()) *cut_after_ -= static_cast<size_t>(sent);
    }
    if (cut && *cut_after_ == 0) {
      cut_after_.reset();
      ++cuts_;
      link->dead = true;
    }
    if (bytes.empty()) direction->held.pop_front();
  }

  void Accept() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    std::string target;
    bool silent = false;
    {
      base::MutexLock lock(&mutex_);
      target = target_;
      silent = silent_;
      ++connections_;
    }
    const int server = ConnectTo(target);
    if (server < 0) {
      close(client);
      return;
    }
    Prepare(client);
    Prepare(server);
    Link link;
    link.up = {.from = client, .to = server};
    link.down = {.from = server, .to = client, .to_client = true};
    link.silent = silent;
    links_.push_back(std::move(link));
  }

  const int listener_;
  uint16_t port_ = 0;
  int wake_[2];
  std::list<Link> links_;  // of the gate's thread

  mutable base::Mutex mutex_;
  std::string target_ ABSL_GUARDED_BY(mutex_);
  Weather weather_ ABSL_GUARDED_BY(mutex_);
  std::optional<size_t> cut_after_ ABSL_GUARDED_BY(mutex_);
  bool cut_all_ ABSL_GUARDED_BY(mutex_) = false;
  bool silence_all_ ABSL_GUARDED_BY(mutex_) = false;  // that are open
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;       // for those that come
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  size_t cuts_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t connections_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

NetworkGate::NetworkGate(std::string target) : core_(std::make_unique<Core>(std::move(target))) {}
NetworkGate::~NetworkGate() = default;

std::string NetworkGate::address() const { return "127.0.0.1:" + std::to_string(core_->port_); }

void NetworkGate::SetTarget(std::string target) {
  base::MutexLock lock(&core_->mutex_);
  core_->target_ = std::move(target);
}

void NetworkGate::SetWeather(Weather weather) {
  base::MutexLock lock(&core_->mutex_);
  core_->weather_ = weather;
}

void NetworkGate::CutAll() {
  {
    base::MutexLock lock(&core_->mutex_);
    core_->cut_all_ = true;
  }
  core_->Wake();
}

void NetworkGate::CutAfter(size_t bytes) {
  base::MutexLock lock(&core_->mutex_);
  core_->cut_after_ = bytes;
}

void NetworkGate::Silence() {
  {
    base::MutexLock lock(&core_->mutex_);
    core_->silence_all_ = true;
    core_->silent_ = true;
  }
  core_->Wake();
}

void NetworkGate::Heal() {
  base::MutexLock lock(&core_->mutex_);
  core_->silent_ = false;
  core_->weather_ = {};
  core_->cut_after_.reset();
}

size_t NetworkGate::cuts() const {
  base::MutexLock lock(&core_->mutex_);
  return core_->cuts_;
}
size_t NetworkGate::connections() const {
  base::MutexLock lock(&core_->mutex_);
  return core_->connections_;
}
uint64_t NetworkGate::bytes() const {
  base::MutexLock lock(&core_->mutex_);
  return core_->bytes_;
}

}  // namespace supervision::faults
