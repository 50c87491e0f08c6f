#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "services/ledger/change.h"
#include "services/redis/reply.h"

namespace supervision::ledger {

// The most changes that one script call may hold: their keys are numbered in two bytes.
inline constexpr size_t kMaxBatchChanges = 1024;

// KEYS and ARGV of one call of commit.lua.
struct BatchCall {
  std::vector<std::string> keys;
  std::vector<std::string> arguments;
};
// REQUIRES: changes of one partition, no two of one clue, at most kMaxBatchChanges.
BatchCall MakeBatchCall(const Keys& keys, int partition, absl::Span<const Change* const> changes,
                        bool wait_follows);

// What the script decided about one change. The numbers are those of commit.lua.
enum class Decision : uint8_t {
  kAccepted = 0,
  kRepeated = 1,
  kReused = 2,
  kExists = 3,
  kMissing = 4,
  kMoved = 5,
  kWrongType = 6,
  kDamaged = 7,
};
struct Outcome {
  Decision decision = Decision::kDamaged;
  int64_t position = 0;  // kAccepted
  std::string stored;    // kRepeated: what the first answer was made of
};
struct BatchReply {
  int64_t end = 0;  // position of the log's end
  std::vector<Outcome> outcomes;
};
// Nothing when the reply is not one of commit.lua for so many changes.
std::optional<BatchReply> ParseBatchReply(redis::Reply reply, size_t changes);

}  // namespace supervision::ledger
