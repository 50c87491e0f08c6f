#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace supervision::testing {

// A real supervisiond (or another program of this build) as a child process of the test. The
// addresses it chose are read from its addresses file. Ended by its own process id.
class ServiceProcess {
 public:
  struct Options {
    std::string executable;              // empty: this build's supervisiond
    std::string directory;               // data, addresses file and log lie here; must exist
    std::string redis_address;           // of a RedisServer, entered as its user; empty: embedded
    uint16_t port = 0;                   // kept over restarts when not 0
    std::vector<std::string> arguments;  // further flags
  };
  explicit ServiceProcess(Options options);
  ~ServiceProcess();  // kills
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  // Starts it and waits until it has written its addresses file; false when it ended instead, or
  // did not within 90 s. Its log is in log_path().
  bool Start();
  void Kill();      // SIGKILL and wait
  int Terminate();  // SIGTERM and wait at most 90 s; the exit status, -1 when it had to be killed
  bool running() const;  // has been started and not been waited for
  // It has been started, not been waited for, and has ended by itself: it crashed, mostly.
  bool HasEnded() const;

  int pid() const { return pid_; }
  std::string grpc_address() const { return grpc_address_; }
  std::string metrics_address() const { return metrics_address_; }
  std::string log_path() const { return options_.directory + "/service.log"; }

 private:
  const Options options_;
  int pid_ = 0;
  std::string grpc_address_;
  std::string metrics_address_;
};

// The process id of the one child of `pid` (the embedded Redis of a service); 0 when there is none.
int ChildOf(int pid);

// A free TCP port on loopback: for a service that must come back on one port. Below those that the
// kernel gives to connections, which other tests make all the time, and no other test's for as long
// as this process lives, whether somebody listens there at the moment or not.
uint16_t FreePort();

}  // namespace supervision::testing
