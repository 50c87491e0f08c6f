#pragma once

#include <string>
#include <vector>

namespace supervision::cli {

// A connected socket, closed at the end.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Socket& operator=(Socket&&) = delete;
  ~Socket();
  int get() const { return descriptor_; }
  bool connected() const { return descriptor_ >= 0; }

  // Waits for something to read or room to write. False when the time is over.
  bool WaitReadable(int timeout_ms) const;
  bool WaitWritable(int timeout_ms) const;

 private:
  int descriptor_ = -1;
};

// Host and port of an address; the host is empty where it has none of that form.
struct HostAndPort {
  std::string host;
  std::string port;
};
HostAndPort SplitAddress(const std::string& address);

// Where a name leads, and why not.
struct Resolved {
  std::vector<std::string> addresses;  // as text
  std::string error;
};
Resolved Resolve(const HostAndPort& where);

// The first of the addresses that takes a connection; `error` is errno of the last that did not,
// 0 when its time was over. Non-blocking.
Socket Connect(const std::string& address, int timeout_ms, int* error);

}  // namespace supervision::cli
