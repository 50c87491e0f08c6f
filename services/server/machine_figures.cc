#include "services/server/machine_figures.h"

#include <sys/resource.h>

#include <filesystem>
#include <utility>

#include "services/observability/unlabelled.h"
#include "services/redis/data_directory.h"
#include "services/server/accept.h"

namespace supervision::server {

using observability::AddCounter;
using observability::AddGauge;

namespace {

double OpenFiles() {
  double count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count;
}

double MaxFiles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

MachineFigures::MachineFigures(std::shared_ptr<prometheus::Registry> registry, Disk disk)
    : registry_(std::move(registry)),
      disk_(std::move(disk)),
      open_files_(AddGauge(registry_.get(), "process_open_fds", "File descriptors that are open.")),
      max_files_(AddGauge(registry_.get(), "process_max_fds",
                          "File descriptors that may be open; each connection takes one.")),
      refused_(AddCounter(registry_.get(), "supervision_rpc_connections_refused_total",
                          "Connections closed at once, since the last descriptors are kept for the "
                          "service itself.")) {
  if (disk_.data_directory.empty()) return;
  AddGauge(registry_.get(), "supervision_redis_disk_reserve_bytes",
           "Clues are refused when less is free on the disk of the embedded Redis, until an eighth "
           "more is.")
      .Set(static_cast<double>(disk_.reserve_bytes));
  free_ = &AddGauge(registry_.get(), "supervision_redis_disk_free_bytes",
                    "Free on the disk of the embedded Redis.");
  full_ =
      &AddGauge(registry_.get(), "supervision_redis_disk_full",
                "1 while clues are refused for want of room on the disk of the embedded Redis.");
  needed_ = &AddGauge(registry_.get(), "supervision_redis_disk_needed_bytes",
                      "The reserve, and room to write the append-only file anew beside itself.");
}

std::vector<prometheus::MetricFamily> MachineFigures::Collect() const {
  base::MutexLock lock(&mutex_);
  open_files_.Set(OpenFiles());
  max_files_.Set(MaxFiles());
  refused_.Increment(static_cast<double>(ConnectionsRefused()) - refused_.Value());
  if (free_ != nullptr) {
    const uint64_t file = redis::AppendOnlyBytes(disk_.data_directory);
    free_->Set(static_cast<double>(redis::FreeBytes(disk_.data_directory)));
    full_->Set(disk_.is_full() ? 1 : 0);
    needed_->Set(static_cast<double>(disk_.reserve_bytes + file));
  }
  return registry_->Collect();
}

}  // namespace supervision::server
