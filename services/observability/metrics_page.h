#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "prometheus/collectable.h"

namespace supervision::observability {

// Serves the metrics of `source` (a registry) at http://ADDRESS/metrics in Prometheus' text format,
// from two threads of its own, until destroyed. Holds no clue's text and no id: labels come from
// closed sets.
class MetricsPage {
 public:
  // `address` is "host:port" ("127.0.0.1:9464", "0.0.0.0:0"; IPv4 only; port 0 takes a free one),
  // or "off" for a page that listens nowhere. INVALID_ARGUMENT when it is neither, UNAVAILABLE when
  // the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<MetricsPage>> Start(
      std::string_view address, std::shared_ptr<prometheus::Collectable> source);
  ~MetricsPage();
  MetricsPage(const MetricsPage&) = delete;
  MetricsPage& operator=(const MetricsPage&) = delete;

  // Where it listens, with the chosen port; empty when off.
  const std::string& address() const { return address_; }

 private:
  struct Server;
  MetricsPage(std::unique_ptr<Server> server, std::string address);
  std::unique_ptr<Server> server_;
  const std::string address_;
};

}  // namespace supervision::observability
