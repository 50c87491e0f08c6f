#pragma once

#include <uv.h>

#include <string>
#include <string_view>
#include <vector>

#include "services/redis/client.h"

namespace supervision::redis {

// One stream socket to an Address: looks the host up (off the loop's thread), tries its addresses
// in turn, then reads and writes. Only the loop's thread touches it.
//
// The owner is called from libuv, never inside a call of the owner's; it may destroy the socket in
// any of the calls. After OnBroken nothing more comes.
class Socket {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnConnected() = 0;
    virtual void OnRead(std::string_view bytes) = 0;
    virtual void OnWritten() = 0;  // of a write that was kPending
    virtual void OnBroken(const std::string& why) = 0;
  };

  Socket(uv_loop_t* loop, const Address& address, Owner* owner);
  ~Socket();  // closes; no call to the owner comes afterwards
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Begins; OnConnected or OnBroken follows. False when it cannot even begin: the address is too
  // long.
  [[nodiscard]] bool Connect();

  enum class Written { kAll, kPending, kFailed };
  // Writes `*bytes` as far as the kernel takes them now. kAll: `*bytes` is empty and keeps its
  // memory. kPending: the socket has taken them, and nothing else may be written before OnWritten.
  // REQUIRES: connected.
  Written Write(std::string* bytes);

 private:
  // What libuv needs until it lets go, which is later than the socket's end.
  struct Lookup;
  struct Stream;

  bool LookUp();
  void TryNext(int error);  // the next candidate; with none left, tells the owner of `error`
  void Connected(int error);
  void StartReading();
  void NewStream();
  void CloseStream();

  uv_loop_t* const loop_;
  const Address address_;
  Owner* const owner_;
  Lookup* lookup_ = nullptr;
  Stream* stream_ = nullptr;
  std::vector<sockaddr_storage> candidates_;
  size_t next_candidate_ = 0;
};

}  // namespace supervision::redis
