#include "clients/cli/probe_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace supervision::cli {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses LookUp(const HostAndPort& where, int* error) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  *error = getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &list);
  return Addresses(*error == 0 ? list : nullptr);
}

bool WaitFor(int descriptor, short events, int timeout_ms) {
  pollfd wanted = {descriptor, events, 0};
  return poll(&wanted, 1, timeout_ms) > 0;
}

Socket ConnectTo(const sockaddr* address, socklen_t size, int family, int timeout_ms, int* error) {
  Socket made(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  *error = errno;
  if (!made.connected() || connect(made.get(), address, size) == 0) return made;
  *error = errno;
  if (*error != EINPROGRESS) return Socket(-1);
  *error = 0;
  if (!made.WaitWritable(timeout_ms)) return Socket(-1);
  socklen_t length = sizeof(*error);
  getsockopt(made.get(), SOL_SOCKET, SO_ERROR, error, &length);
  return *error == 0 ? std::move(made) : Socket(-1);
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}
bool Socket::WaitReadable(int timeout_ms) const { return WaitFor(descriptor_, POLLIN, timeout_ms); }
bool Socket::WaitWritable(int timeout_ms) const {
  return WaitFor(descriptor_, POLLOUT, timeout_ms);
}

HostAndPort SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) return {};
  HostAndPort result = {address.substr(0, colon), address.substr(colon + 1)};
  if (result.host.front() == '[' && result.host.back() == ']') {
    result.host = result.host.substr(1, result.host.size() - 2);
  } else if (result.host.find(':') != std::string::npos) {
    return {};
  }
  return result;
}

Resolved Resolve(const HostAndPort& where) {
  Resolved result;
  int error = 0;
  const Addresses list = LookUp(where, &error);
  if (error != 0) result.error = gai_strerror(error);
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST] = "";
    getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
    result.addresses.emplace_back(text);
  }
  return result;
}

Socket Connect(const std::string& address, int timeout_ms, int* error) {
  if (address.rfind("unix:", 0) == 0) {
    sockaddr_un local = {};
    local.sun_family = AF_UNIX;
    std::strncpy(local.sun_path, address.c_str() + 5, sizeof(local.sun_path) - 1);
    return ConnectTo(reinterpret_cast<const sockaddr*>(&local), sizeof(local), AF_UNIX, timeout_ms,
                     error);
  }
  const Addresses list = LookUp(SplitAddress(address), error);
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    Socket made = ConnectTo(one->ai_addr, one->ai_addrlen, one->ai_family, timeout_ms, error);
    if (made.connected()) return made;
  }
  return Socket(-1);
}

}  // namespace supervision::cli
