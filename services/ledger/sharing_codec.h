#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/ledger/sharing.h"

namespace supervision::ledger {

// What lies in Redis of shared subscriptions, to and from bytes. Decoding gives nothing for damaged
// ones.

// A place as scripts read it: "epoch:position" of each partition, with commas between.
std::string EncodeSharedPlace(const Place& place);
std::optional<Place> DecodeSharedPlace(std::string_view text, int partitions);

// A consumer's words, which may name a person. The empty one says that a lease has ended.
std::string EncodeReason(const std::string& reason);
std::string DecodeReason(std::string_view bytes);

std::string LetterId(int64_t epoch, const EntryKey& entry);
std::string EncodeDeadLetter(const DeadLetter& letter);
std::optional<DeadLetter> DecodeDeadLetter(std::string_view id, std::string_view bytes);

}  // namespace supervision::ledger
