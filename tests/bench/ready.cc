#include "tests/bench/ready.h"

#include <atomic>
#include <functional>
#include <string_view>

#include "absl/time/clock.h"
#include "tests/bench/load.h"
#include "tests/bench/requests.h"
#include "tests/bench/waiting.h"

namespace supervision::bench {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kHealthMethod[] = "/grpc.health.v1.Health/Check";
constexpr std::string_view kServing = "\x08\x01";  // HealthCheckResponse{status: SERVING}
constexpr int kClues = 128;                        // of a batch

}  // namespace

absl::Duration UntilServing(const std::string& address, absl::Time begun) {
  LoadClient client(address, "");
  while (absl::Now() - begun < kPatience) {
    std::string answer;
    if (client.Call(kHealthMethod, "", &answer) && answer == kServing) break;
    WaitUntil(absl::Now() + absl::Milliseconds(1));
  }
  return absl::Now() - begun;
}

bool FillLedger(const std::string& address, int64_t clues) {
  LoadClient partner(address, kPartnerToken);
  const int64_t batches = (clues + kClues - 1) / kClues;
  std::atomic<int64_t> sent = 0;
  std::atomic<int64_t> answered = 0;
  std::function<void()> next = [&] {
    if (sent++ >= batches) return;
    partner.Start(kBatchMethod, NextBatch(kClues), [&](bool, const std::string&) {
      next();
      ++answered;
    });
  };
  for (int i = 0; i < 4; ++i) next();
  return WaitForCount(answered, batches, absl::Minutes(10));
}

}  // namespace supervision::bench
