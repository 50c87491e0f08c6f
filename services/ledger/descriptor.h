#pragma once

#include <string>

#include "absl/time/time.h"

namespace supervision::ledger {

// The schema that this service reads and writes. A ledger with a newer one is refused.
inline constexpr int kSchemaVersion = 1;

// What a ledger is: written once when it is created, never changed.
struct Descriptor {
  std::string id;      // 16 bytes
  std::string secret;  // 32 bytes: keys ids, etags, cursors and page tokens
  int partitions = 1;
  int schema = kSchemaVersion;
  absl::Time created_at;
};

}  // namespace supervision::ledger
