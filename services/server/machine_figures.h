#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/base/mutex.h"

namespace supervision::server {

// A registry, and beside its metrics what is looked up whenever somebody reads them: how many of
// its descriptors this process has open, and the room on the disk of the embedded Redis.
// Thread-safe.
class MachineFigures final : public prometheus::Collectable {
 public:
  struct Disk {
    std::string data_directory;     // of the embedded Redis; empty: there is none
    uint64_t reserve_bytes = 0;     // clues are refused when less is free
    std::function<bool()> is_full;  // whether they are refused for it now; called by who reads
  };
  MachineFigures(std::shared_ptr<prometheus::Registry> registry, Disk disk);

  std::vector<prometheus::MetricFamily> Collect() const override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const std::shared_ptr<prometheus::Registry> registry_;
  const Disk disk_;
  prometheus::Gauge& open_files_;
  prometheus::Gauge& max_files_;
  prometheus::Counter& refused_;
  prometheus::Gauge* free_ = nullptr;  // with a disk
  prometheus::Gauge* needed_ = nullptr;
  prometheus::Gauge* full_ = nullptr;
  mutable base::Mutex mutex_;  // of two who read, one looks at a time
};

}  // namespace supervision::server
