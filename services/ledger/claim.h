#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// The field of a clue's hash that says who is reviewing it.
inline constexpr char kClaimField[] = "k";

// "<until, milliseconds since 1970>:<holder>". Nothing for any other text.
std::string FormatClaim(const Claim& claim);
std::optional<Claim> ParseClaim(std::string_view text);

// REVIEW_CLAIMED, with who holds the clue and until when.
absl::Status ClaimedError(const Claim& claim);

}  // namespace supervision::ledger
