#pragma once

#include <functional>
#include <memory>
#include <string>

namespace supervision::faults {

// A door between the service and Redis, both on unix sockets. It passes bytes both ways until it is
// armed; then the next commit that comes along springs the trap at one of two moments, and `sprung`
// runs on the gate's thread, where a test kills a process. Nothing passes on that connection
// afterwards: what was held back is dropped, as by a kill.
class Gate {
 public:
  enum class Trap {
    kBeforeScript,  // the commit has left the service and does not reach Redis
    kAfterScript,   // Redis has run it and answered; the answer does not reach the service
  };

  Gate(std::string listen_path, std::string redis_path);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  void Arm(Trap trap, std::function<void()> sprung);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace supervision::faults
