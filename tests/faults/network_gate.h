#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace supervision::faults {

// A network that misbehaves on demand: listens on a port of loopback and passes each connection on
// to a target, with what the weather does to its bytes on the way. One thread of its own.
//
// Thread-safe.
class NetworkGate {
 public:
  // "127.0.0.1:port" or "unix:/path".
  explicit NetworkGate(std::string target);
  ~NetworkGate();
  NetworkGate(const NetworkGate&) = delete;
  NetworkGate& operator=(const NetworkGate&) = delete;

  std::string address() const;  // "127.0.0.1:port"

  // Where connections lead that are made from now on.
  void SetTarget(std::string target);

  struct Weather {
    std::chrono::milliseconds delay{0};  // of every byte, both ways
    size_t chunk = 0;                    // bytes that are sent at once; 0: as they come
  };
  void SetWeather(Weather weather);

  // Closes every connection now.
  void CutAll();
  // Closes the connection on which so many more bytes (over all of them) have gone to the client:
  // in the middle of whatever is sent then.
  void CutAfter(size_t bytes);
  // The other side of every connection that is open, or is made before Heal(), has gone without a
  // word: nothing passes any more, and nothing is closed. Such a connection never comes back.
  void Silence();
  void Heal();  // connections made from now on pass; no weather, no cut that waits

  size_t cuts() const;         // connections that were closed by CutAll or CutAfter
  size_t connections() const;  // that have been made
  uint64_t bytes() const;      // that have passed

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace supervision::faults
