#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace supervision::bench {

// Latencies of one measurement.
class Latencies {
 public:
  void Add(absl::Duration latency) { values_.push_back(latency); }
  size_t size() const { return values_.size(); }
  // The value at `quantile` (0 to 1); zero when nothing was measured.
  absl::Duration At(double quantile) const;

 private:
  mutable std::vector<absl::Duration> values_;
};

struct Throughput {
  double per_second = 0;  // calls
  Latencies latencies;
  uint64_t failed = 0;
};

// The one client of all measurements, so that service and reference cost it the same.
class LoadClient {
 public:
  // With `tls_ca`, the authority as PEM text, it speaks TLS.
  LoadClient(const std::string& address, const std::string& token, const std::string& tls_ca = "");
  ~LoadClient();

  // Makes the bytes of one request.
  using Next = std::function<std::string()>;
  // Parses an answer as a typed client does; false makes the call count as failed.
  using Parse = std::function<bool(std::string_view answer)>;

  // Keeps `in_flight` calls of `method` under way for `duration` (after a tenth of it as warm-up).
  Throughput Run(const std::string& method, const Next& next, const Parse& parse, int in_flight,
                 absl::Duration duration);

  // One call; false when it failed. `answer` may be null.
  bool Call(const std::string& method, const std::string& request, std::string* answer);

  // Starts one call and goes on; `done` runs on a thread of gRPC.
  void Start(const std::string& method, const std::string& request,
             std::function<void(bool ok, const std::string& answer)> done);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

// `count` open server streams of `method`; each message's bytes go to `on_message` (on threads of
// gRPC). The streams share `channels` connections.
class StreamLoad {
 public:
  using OnMessage = std::function<void(int stream, const std::string& bytes)>;
  StreamLoad(const std::string& address, const std::string& token, const std::string& method,
             const std::string& request, int count, int channels, OnMessage on_message);
  // Reads the first message and nothing more.
  struct ReadsNoMore {};
  StreamLoad(const std::string& address, const std::string& token, const std::string& method,
             const std::string& request, OnMessage on_message, ReadsNoMore);
  // Each with a request of its own.
  using RequestOf = std::function<std::string(int stream)>;
  StreamLoad(const std::string& address, const std::string& token, const std::string& method,
             const RequestOf& request_of, int count, int channels, OnMessage on_message);
  ~StreamLoad();  // cancels and waits

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace supervision::bench
