#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/domain/silence.h"

namespace supervision::ledger {

// A silence as it lies in Redis, with the digest of the request that made it. Nothing for bytes
// that are damaged.
struct SilenceRecord {
  domain::Silence silence;
  std::string request_digest;
};
// `before`, unless empty: the stored silence that is written over.
std::string EncodeSilence(const SilenceRecord& record, std::string_view before = {});
std::optional<SilenceRecord> DecodeSilence(std::string_view bytes);

}  // namespace supervision::ledger
