#include "tests/bench/open_loop.h"

#include <utility>

#include "absl/time/clock.h"
#include "tests/bench/requests.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

void OpenLoop::Run(int per_second, absl::Duration duration) {
  const auto calls = static_cast<int64_t>(per_second * absl::ToDoubleSeconds(duration));
  const absl::Time start = absl::Now();
  for (int64_t i = 0; i < calls; ++i) {
    WaitUntil(start + absl::Seconds(1) * i / per_second);
    const absl::Time sent = absl::Now();
    client_.Start(kSubmitMethod, NextSubmit(), [this, sent](bool ok, const std::string&) {
      {
        base::MutexLock lock(&mutex_);
        if (ok) latencies_.Add(absl::Now() - sent);
      }
      ++answered_;
    });
  }
  WaitForCount(answered_, calls, kPatience);
  answered_ = 0;
}

Latencies OpenLoop::TakeLatencies() {
  base::MutexLock lock(&mutex_);
  return std::exchange(latencies_, {});
}

}  // namespace supervision::bench
