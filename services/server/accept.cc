#include "services/server/accept.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <limits>

namespace supervision::server {
namespace {

// For what the service opens while it runs: rules that are read again, the witness, connections to
// Redis, the page of metrics.
constexpr int64_t kKept = 64;

// The kernel gives the lowest free descriptor, so a high one says that few are left.
std::atomic<int64_t> first_kept = std::numeric_limits<int64_t>::max();
std::atomic<int64_t> refused = 0;

}  // namespace

void LimitConnections(int64_t descriptors) { first_kept = descriptors - kKept; }

int64_t ConnectionsRefused() { return refused; }

}  // namespace supervision::server

// Stands before libc's for the whole process. gRPC takes EINTR as "ask for the next one" and EAGAIN
// as "wait for the next one"; at anything else it closes its ears.
extern "C" __attribute__((visibility("default"))) int accept4(int listener, sockaddr* peer,
                                                              socklen_t* length, int flags) {
  const auto fd = static_cast<int>(syscall(SYS_accept4, listener, peer, length, flags));
  if (fd < 0) {
    const bool passes = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ||
                        errno == ECONNABORTED;
    if (passes) errno = EAGAIN;
    return -1;
  }
  if (fd < supervision::server::first_kept) return fd;
  close(fd);
  ++supervision::server::refused;
  errno = EINTR;
  return -1;
}
