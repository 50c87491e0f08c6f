#include "tests/support/resp_peer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace supervision::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};

[[noreturn]] void Die(const std::string& why) {
  std::cerr << "tests/support/resp_peer: " << why << std::endl;
  std::abort();
}

// Takes one whole command off the front of `*bytes`.
bool TakeCommand(std::string* bytes, std::vector<std::string>* command) {
  command->clear();
  size_t at = 0;
  const auto number = [&](char type, size_t* value) {
    const size_t end = bytes->find("\r\n", at);
    if (end == std::string::npos) return false;
    if ((*bytes)[at] != type) Die("not a command: " + bytes->substr(0, 80));
    *value = std::strtoul(bytes->c_str() + at + 1, nullptr, 10);
    at = end + 2;
    return true;
  };
  size_t words = 0;
  if (!number('*', &words)) return false;
  for (size_t i = 0; i < words; ++i) {
    size_t size = 0;
    if (!number('$', &size) || bytes->size() < at + size + 2) return false;
    command->push_back(bytes->substr(at, size));
    at += size + 2;
  }
  bytes->erase(0, at);
  return true;
}

void WriteAll(int fd, const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t size = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return;  // the other side has gone, which the test will notice
    sent += static_cast<size_t>(size);
  }
}

}  // namespace

RespPeer::RespPeer() : path_(directory_.path() + "/peer.sock") {
  answers_ = {{"AUTH", "+OK\r\n"},
              {"SELECT", "+OK\r\n"},
              {"CLIENT", "+OK\r\n"},
              {"SCRIPT", "$40\r\n" + std::string(40, '0') + "\r\n"},
              {"PING", "+PONG\r\n"}};
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener_, 16) != 0 || pipe2(wake_, O_CLOEXEC) != 0) {
    Die(std::strerror(errno));
  }
  thread_ = std::thread([this] { Main(); });
}

RespPeer::~RespPeer() {
  {
    base::MutexLock lock(&mutex_);
    stop_ = true;
  }
  Wake();
  thread_.join();
  for (const Connection& connection : open_) close(connection.fd);
  close(listener_);
  close(wake_[0]);
  close(wake_[1]);
}

void RespPeer::Wake() {
  if (write(wake_[1], "", 1) != 1) Die("cannot wake");
}

void RespPeer::Main() {
  while (true) {
    std::vector<pollfd> waits = {{wake_[0], POLLIN, 0}};
    {
      base::MutexLock lock(&mutex_);
      if (stop_) return;
      if (!frozen_) {
        waits.push_back({listener_, POLLIN, 0});
        for (const Connection& connection : open_) waits.push_back({connection.fd, POLLIN, 0});
      }
    }
    poll(waits.data(), waits.size(), -1);
    if (waits[0].revents != 0) {
      char ignored;
      if (read(wake_[0], &ignored, 1) != 1) Die("cannot read the wake-up");
      continue;  // the set of descriptors may have changed
    }
    base::MutexLock lock(&mutex_);
    if (stop_) return;
    if (waits[1].revents != 0) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) {
        open_.push_back({fd, ""});
        ++accepted_;
      }
    }
    for (size_t i = 2; i < waits.size(); ++i) {
      if (waits[i].revents == 0) continue;
      for (auto connection = open_.begin(); connection != open_.end(); ++connection) {
        if (connection->fd != waits[i].fd) continue;
        if (!Read(&*connection)) {
          close(connection->fd);
          open_.erase(connection);
        }
        break;
      }
    }
    changed_.SignalAll();
  }
}

bool RespPeer::Read(Connection* connection) {
  char buffer[65536];
  const ssize_t size = recv(connection->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
  if (size <= 0) return size < 0 && errno == EAGAIN;
  bytes_read_ += static_cast<size_t>(size);
  connection->unread.append(buffer, static_cast<size_t>(size));
  std::vector<std::string> command;
  while (TakeCommand(&connection->unread, &command)) {
    const auto answer = answers_.find(command[0]);
    if (answer == answers_.end()) {
      unanswered_.push_back(std::move(command));
    } else {
      WriteAll(connection->fd, answer->second);
    }
  }
  return true;
}

void RespPeer::Answer(const std::string& name, const std::string& bytes) {
  base::MutexLock lock(&mutex_);
  if (bytes.empty()) {
    answers_.erase(name);
  } else {
    answers_[name] = bytes;
  }
}

std::vector<std::string> RespPeer::Next() {
  base::MutexLock lock(&mutex_);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (unanswered_.empty()) {
    changed_.WaitFor(&mutex_, std::chrono::milliseconds(100));
    if (std::chrono::steady_clock::now() > deadline) Die("no command came");
  }
  std::vector<std::string> command = std::move(unanswered_.front());
  unanswered_.pop_front();
  return command;
}

void RespPeer::Write(const std::string& bytes) {
  base::MutexLock lock(&mutex_);
  if (!open_.empty()) WriteAll(open_.back().fd, bytes);
}

void RespPeer::CloseConnections() {
  {
    base::MutexLock lock(&mutex_);
    for (const Connection& connection : open_) close(connection.fd);
    open_.clear();
  }
  Wake();
}

void RespPeer::Freeze() {
  {
    base::MutexLock lock(&mutex_);
    frozen_ = true;
  }
  Wake();
}

int RespPeer::connections() const {
  base::MutexLock lock(&mutex_);
  return accepted_;
}

int RespPeer::open_connections() const {
  base::MutexLock lock(&mutex_);
  return static_cast<int>(open_.size());
}

size_t RespPeer::bytes_read() const {
  base::MutexLock lock(&mutex_);
  return bytes_read_;
}

}  // namespace supervision::testing
