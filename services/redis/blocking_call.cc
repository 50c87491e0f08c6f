#include "services/redis/blocking_call.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/redis/resp.h"

namespace supervision::redis {
namespace {

absl::Status Unavailable(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

// True when `fd` is ready for `events` before `deadline`.
bool WaitFor(int fd, short events, absl::Time deadline) {
  while (true) {
    const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (left <= 0) return false;
    pollfd wait = {fd, events, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

absl::StatusOr<Reply> CallAndWait(const std::string& path, const Command& command,
                                  absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError("the socket's path is too long");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Unavailable("socket");
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    return Unavailable("connect");
  }
  std::string bytes;
  AppendCommand(command, &bytes);
  // A fresh socket takes a command as short as those that start and end a server.
  if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    return Unavailable("send");
  }
  ReplyReader reader;
  while (WaitFor(fd, POLLIN, deadline)) {
    char buffer[4096];
    const ssize_t size = read(fd, buffer, sizeof(buffer));
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size < 0) return Unavailable("read");
    if (size == 0) return absl::UnavailableError("the server closed the connection");
    reader.Feed({buffer, static_cast<size_t>(size)});
    absl::StatusOr<std::optional<Reply>> reply = reader.Next();
    if (!reply.ok()) return reply.status();
    if (reply->has_value()) return *std::move(*reply);
  }
  return absl::DeadlineExceededError("no answer in time");
}

}  // namespace supervision::redis
