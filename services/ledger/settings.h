#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/redis/client.h"

namespace supervision::ledger {

// What Redis says of itself, judged by what the promise "durable before answered" asks for.
struct RedisSettings {
  std::string version;
  std::string run_id;  // of the server's process: another one after each start
  bool primary = false;
  bool durable = false;  // append-only file, synchronised on every write, also while rewriting
  int connected_replicas = 0;
  bool enough_replicas = true;
  int64_t used_memory_bytes = 0;
  int64_t max_memory_bytes = 0;  // 0: no limit
  std::string promotion;         // master_replid2; empty when it was never promoted
  // What falls short of the promise, a sentence each, with the remedy.
  std::vector<std::string> shortfalls;
  // What makes it unusable whatever the configuration allows.
  std::vector<std::string> obstacles;
};

// Asks INFO, CONFIG GET and ROLE. An ACL user without the right to CONFIG still gets what INFO
// tells, and a shortfall that says what could not be seen.
void ReadSettings(redis::Client* client, int replicas_wanted, absl::Duration timeout,
                  std::function<void(absl::StatusOr<RedisSettings>)> callback);

// Why there is no connection to the Redis at `address`, a sentence with the remedy. `error`: what
// its client says of the last attempt.
std::string WhyUnreachable(const std::string& address, const std::string& error);

// The judgement alone, for tests: replies of INFO, CONFIG GET and ROLE.
absl::StatusOr<RedisSettings> JudgeSettings(const redis::Result& info, const redis::Result& config,
                                            const redis::Result& role, int replicas_wanted);

}  // namespace supervision::ledger
