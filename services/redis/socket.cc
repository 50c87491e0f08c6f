#include "services/redis/socket.h"

#include <sys/un.h>

#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace supervision::redis {
namespace {

constexpr size_t kReadBufferBytes = 64 << 10;
constexpr unsigned kKeepaliveSeconds = 15;  // finds a peer that went away without a word

}  // namespace

struct Socket::Lookup {
  uv_getaddrinfo_t request;
  Socket* socket;
};

struct Socket::Stream {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
  Socket* socket;
  uv_connect_t connect;
  uv_write_t write;
  std::string writing;
  std::unique_ptr<char[]> buffer{new char[kReadBufferBytes]};

  Stream() {}  // libuv initialises its own parts
  template <typename Handle>
  static Stream* Of(Handle* handle) {
    return static_cast<Stream*>(handle->data);
  }
};

Socket::Socket(uv_loop_t* loop, const Address& address, Owner* owner)
    : loop_(loop), address_(address), owner_(owner) {}

Socket::~Socket() {
  if (lookup_ != nullptr) {
    lookup_->socket = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
  }
  CloseStream();
}

bool Socket::Connect() {
  if (address_.unix_path.empty()) return LookUp();
  // libuv would cut a path that is too long, and connect to another socket.
  if (address_.unix_path.size() >= sizeof(sockaddr_un::sun_path)) return false;
  NewStream();
  uv_pipe_init(loop_, &stream_->pipe, 0);
  uv_pipe_connect(&stream_->connect, &stream_->pipe, address_.unix_path.c_str(),
                  [](uv_connect_t* request, int status) {
                    Socket* const socket = Stream::Of(request->handle)->socket;
                    if (socket != nullptr) socket->Connected(status);
                  });
  return true;
}

bool Socket::LookUp() {
  lookup_ = new Lookup{.socket = this};
  lookup_->request.data = lookup_;
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const auto done = [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
    const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, uv_freeaddrinfo);
    Socket* const socket = lookup->socket;
    if (socket == nullptr) return;
    socket->lookup_ = nullptr;
    for (const addrinfo* a = found; status == 0 && a != nullptr; a = a->ai_next) {
      std::memcpy(&socket->candidates_.emplace_back(), a->ai_addr, a->ai_addrlen);
    }
    socket->TryNext(status);
  };
  const std::string port = std::to_string(address_.port);
  if (uv_getaddrinfo(loop_, &lookup_->request, done, address_.host.c_str(), port.c_str(), &hints) ==
      0) {
    return true;
  }
  delete std::exchange(lookup_, nullptr);
  return false;
}

void Socket::TryNext(int error) {
  const auto connected = [](uv_connect_t* request, int status) {
    Socket* const socket = Stream::Of(request->handle)->socket;
    if (socket != nullptr) socket->Connected(status);
  };
  while (next_candidate_ < candidates_.size()) {
    NewStream();
    uv_tcp_init(loop_, &stream_->tcp);
    error = uv_tcp_connect(&stream_->connect, &stream_->tcp,
                           reinterpret_cast<sockaddr*>(&candidates_[next_candidate_++]), connected);
    if (error == 0) return;
  }
  owner_->OnBroken(uv_strerror(error));
}

void Socket::NewStream() {
  CloseStream();
  stream_ = new Stream;
  stream_->handle.data = stream_;
  stream_->socket = this;
}

void Socket::CloseStream() {
  if (stream_ == nullptr) return;
  stream_->socket = nullptr;
  uv_close(&stream_->handle, [](uv_handle_t* handle) { delete Stream::Of(handle); });
  stream_ = nullptr;
}

void Socket::Connected(int error) {
  if (error != 0) return TryNext(error);
  if (address_.unix_path.empty()) {
    uv_tcp_nodelay(&stream_->tcp, 1);
    uv_tcp_keepalive(&stream_->tcp, 1, kKeepaliveSeconds);
  }
  StartReading();
  owner_->OnConnected();
}

void Socket::StartReading() {
  uv_read_start(
      &stream_->stream,
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        *buffer = uv_buf_init(Stream::Of(handle)->buffer.get(), kReadBufferBytes);
      },
      [](uv_stream_t* handle, ssize_t size, const uv_buf_t* buffer) {
        Socket* const socket = Stream::Of(handle)->socket;
        if (socket == nullptr || size == 0) return;  // 0: would block
        if (size < 0) {
          uv_read_stop(handle);
          socket->owner_->OnBroken(size == UV_EOF ? "the other side closed the connection"
                                                  : uv_strerror(static_cast<int>(size)));
        } else {
          socket->owner_->OnRead({buffer->base, static_cast<size_t>(size)});
        }
      });
}

Socket::Written Socket::Write(std::string* bytes) {
  uv_buf_t all = uv_buf_init(bytes->data(), static_cast<unsigned>(bytes->size()));
  int written = uv_try_write(&stream_->stream, &all, 1);
  if (written == UV_EAGAIN) written = 0;
  if (written < 0) return Written::kFailed;
  if (static_cast<size_t>(written) == bytes->size()) {
    bytes->clear();
    return Written::kAll;
  }
  stream_->writing = std::move(*bytes);
  bytes->clear();
  uv_buf_t rest = uv_buf_init(stream_->writing.data() + written,
                              static_cast<unsigned>(stream_->writing.size() - written));
  const int error =
      uv_write(&stream_->write, &stream_->stream, &rest, 1, [](uv_write_t* request, int status) {
        Socket* const socket = Stream::Of(request->handle)->socket;
        if (socket == nullptr) return;
        if (status == 0) {
          socket->owner_->OnWritten();
        } else {
          socket->owner_->OnBroken(uv_strerror(status));
        }
      });
  return error == 0 ? Written::kPending : Written::kFailed;
}

}  // namespace supervision::redis
