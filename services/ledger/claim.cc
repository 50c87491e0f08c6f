#include "services/ledger/claim.h"

#include <charconv>

#include "services/domain/error.h"

namespace supervision::ledger {

std::string FormatClaim(const Claim& claim) {
  return std::to_string(absl::ToUnixMillis(claim.until)) + ":" + claim.holder;
}

std::optional<Claim> ParseClaim(std::string_view text) {
  int64_t millis = 0;
  const char* const end = text.data() + text.size();
  const auto [colon, error] = std::from_chars(text.data(), end, millis);
  if (error != std::errc() || colon == end || *colon != ':') return std::nullopt;
  return Claim{std::string(colon + 1, end), absl::FromUnixMillis(millis)};
}

absl::Status ClaimedError(const Claim& claim) {
  domain::ErrorDetail detail;
  detail.reason = domain::Reason::kReviewClaimed;
  detail.metadata = {{"claimed_by", claim.holder},
                     {"claimed_until", absl::FormatTime(claim.until, absl::UTCTimeZone())}};
  return domain::MakeError(std::move(detail));
}

}  // namespace supervision::ledger
