#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "prometheus/counter.h"
#include "prometheus/registry.h"
#include "services/observability/log.h"

namespace supervision::rpc {

// Why a handshake failed, of a closed set of words: "not_tls" (the client speaks plain text),
// "no_client_certificate", "client_certificate" (of an unknown authority, or run out),
// "client_refused" (the client does not take ours), "closed" (it went away) or "other". `said` is
// what gRPC logs.
std::string_view HandshakeFailure(std::string_view said);

// Counts failed TLS handshakes: supervision_tls_handshakes_failed_total{reason}, and logs them, at
// most one each second. gRPC 1.51 tells of them nowhere but in its log, at its lowest level, so
// gRPC's log goes through here: its errors go to ours, the rest is looked at and dropped. That log
// is one for the whole process: with several servers each counts the failures of all.
//
// While an object lives. Thread-safe. `registry` and `log` outlive it.
class Handshakes {
 public:
  Handshakes(prometheus::Registry* registry, observability::Logger* log);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  // What gRPC logs of a failed handshake, and any error of its own.
  void Failed(std::string_view said);
  void Said(std::string_view error);

 private:
  prometheus::Family<prometheus::Counter>* const family_;
  observability::Logger* const log_;
  std::atomic<int64_t> told_at_{0};  // seconds since 1970
};

}  // namespace supervision::rpc
