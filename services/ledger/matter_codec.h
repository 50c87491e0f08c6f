#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "services/domain/matter.h"

namespace supervision::ledger {

// By what a clue is found to be about another's matter, to and from what lies in Redis.
std::string EncodeMatter(const domain::MatterKeys& keys);
// Null when it is damaged.
std::shared_ptr<const domain::MatterKeys> DecodeMatter(std::string_view bytes);

}  // namespace supervision::ledger
