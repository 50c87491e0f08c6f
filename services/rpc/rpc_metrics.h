#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "grpcpp/support/status.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "services/security/authority.h"

namespace supervision::rpc {

// supervision_rpc_seconds{method}, supervision_rpc_total{method, code} and
// supervision_rpc_open{method}: labels from the authority table and gRPC's codes, nothing else.
// Thread-safe. Streams count when they end, and their time says nothing.
class RpcMetrics {
 public:
  explicit RpcMetrics(prometheus::Registry* registry);

  void Started(security::Method method);
  void Finished(security::Method method, grpc::StatusCode code, absl::Duration took);

  // Calls under way, streams included.
  int64_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kCodes = 17;
  struct OfMethod {
    prometheus::Histogram* seconds = nullptr;
    prometheus::Gauge* open = nullptr;
    std::array<prometheus::Counter*, kCodes> by_code{};
  };
  std::vector<OfMethod> methods_;
  std::atomic<int64_t> open_{0};
};

}  // namespace supervision::rpc
