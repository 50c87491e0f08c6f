#include "services/server/file_limit.h"

#include <sys/resource.h>

namespace supervision::server {
namespace {

// What the service needs beside connections: files, sockets to Redis, pollers.
constexpr int64_t kOwnDescriptors = 256;

}  // namespace

int64_t DescriptorsFor(int max_streams) { return kOwnDescriptors + max_streams; }

void RaiseFileLimit(int max_streams, observability::Logger* log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) return;
  const auto descriptors = static_cast<int64_t>(limit.rlim_cur);
  if (descriptors < DescriptorsFor(max_streams)) {
    log->Warning("file_limit_low",
                 {{"descriptors", descriptors},
                  {"needed", DescriptorsFor(max_streams)},
                  {"remedy",
                   "raise the limit of open files (LimitNOFILE, ulimit -n), or lower "
                   "alerting.max_streams"}});
  }
}

}  // namespace supervision::server
