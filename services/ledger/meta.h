#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "services/ledger/epoch_list.h"
#include "services/ledger/keys.h"
#include "services/redis/client.h"

namespace supervision::ledger {

// What Redis says of one partition.
struct PartitionMeta {
  int64_t end = 0;        // position of the log's end
  int64_t earliest = 1;   // first position that is left; end + 1 when none is
  int64_t confirmed = 0;  // what replicas have confirmed; the end where none are asked for
  int64_t log_bytes = 0;
  int64_t trims = 0;
  EpochList epochs;
  std::string sign;  // of the last event that was taken for a loss; see epoch.lua
};

// Reads it: two commands, to be sent next to each other.
redis::Command ReadMeta(const Keys& keys, int partition);
redis::Command ReadTold(const Keys& keys, int partition);
// The end alone.
redis::Command ReadEnd(const Keys& keys, int partition);

// Nothing when the reply is not what the keys should hold. Without `told` all is confirmed.
std::optional<PartitionMeta> ParseMeta(const redis::Result& meta, const redis::Result* told);
std::optional<int64_t> ParseTold(const redis::Result& told);
std::optional<int64_t> ParseEnd(const redis::Result& end);

// The position of a log entry's id, "<position>-0".
std::optional<int64_t> ParsePosition(std::string_view id);

}  // namespace supervision::ledger
