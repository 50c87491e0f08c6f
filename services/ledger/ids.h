#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/ledger/types.h"

namespace supervision::ledger {

inline constexpr int kMaxPartitions = 256;

// A clue's id taken apart. The text is "c", two hexadecimal digits of the partition and 32 of the
// 128 bits of a keyed hash of the identity: it tells nothing and cannot be guessed, and whoever
// knows the identity finds the clue without an index.
struct ClueRef {
  int partition = 0;
  std::string bytes;  // 16
  bool operator==(const ClueRef&) const = default;

  std::string ToText() const;
};

ClueRef ClueRefOf(std::string_view secret, int partitions, const Identity& identity);

// Of an alert that a route raised about the clues of `group`, made due by the clue `trigger`: who
// comes to the same finding names the same record.
ClueRef DerivedRef(std::string_view secret, int partition, std::string_view group,
                   std::string_view trigger);

// Nothing for a text that is no id of a ledger with so many partitions.
std::optional<ClueRef> ParseClueId(std::string_view text, int partitions);

// The etag of a clue's version: opaque, and different for each version of each clue.
std::string EtagOf(std::string_view secret, std::string_view clue_id, uint32_t version);

}  // namespace supervision::ledger
