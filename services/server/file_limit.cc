#include "services/server/file_limit.h"

#include <sys/resource.h>

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace supervision::server {
namespace {

// What the service needs beside connections: files, sockets to Redis, pollers.
constexpr int64_t kOwnDescriptors = 256;

}  // namespace

int64_t DescriptorsFor(int max_streams) { return kOwnDescriptors + max_streams; }

absl::StatusOr<int64_t> RaiseFileLimit(int max_streams, observability::Logger* log) {
  constexpr int64_t kAny = std::numeric_limits<int64_t>::max();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kAny;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) return kAny;
  const auto descriptors = static_cast<int64_t>(limit.rlim_cur);
  if (descriptors < kOwnDescriptors) {
    return absl::FailedPreconditionError(absl::StrCat(
        "This process may have ", descriptors, " open files, and the service alone needs ",
        kOwnDescriptors, ": raise the limit (LimitNOFILE of the unit, ulimit -Hn)."));
  }
  if (descriptors < DescriptorsFor(max_streams)) {
    log->Warning("file_limit_low",
                 {{"descriptors", descriptors},
                  {"needed", DescriptorsFor(max_streams)},
                  {"remedy",
                   "raise the limit of open files (LimitNOFILE, ulimit -n), or lower "
                   "alerting.max_streams"}});
  }
  return descriptors;
}

}  // namespace supervision::server
