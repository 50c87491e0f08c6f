#include "services/ledger/review_token.h"

#include <optional>

#include "services/base/hash.h"
#include "services/domain/error.h"
#include "services/domain/standing.h"
#include "services/ledger/sealed_text.h"
#include "supervision/storage/v1/ledger.pb.h"

namespace supervision::ledger {
namespace {

constexpr std::string_view kPurpose = "review";
constexpr size_t kQueryDigestBytes = 16;

std::string DigestOf(const ReviewQuery& query) {
  return base::Prefix(
      base::Sha256(domain::ViewKey(query.scope, query.filter) +
                   std::to_string(static_cast<int>(query.claims)) + ":" + query.caller),
      kQueryDigestBytes);
}

}  // namespace

std::string EncodeReviewToken(const Descriptor& ledger, const ReviewQuery& query,
                              const ReviewPlace& place) {
  storage::v1::StoredReviewToken token;
  token.set_query(DigestOf(query));
  token.set_risk(static_cast<int32_t>(place.risk));
  token.set_doubt(place.doubt);
  token.set_order(place.order);
  token.set_partition(place.partition);
  return Seal(ledger.secret, kPurpose, token.SerializeAsString());
}

absl::StatusOr<ReviewPlace> DecodeReviewToken(const Descriptor& ledger, const ReviewQuery& query) {
  if (query.page_token.empty()) return ReviewPlace();
  const std::optional<Unsealed> unsealed = Unseal(ledger.secret, kPurpose, query.page_token);
  storage::v1::StoredReviewToken token;
  if (!unsealed.has_value() || !unsealed->genuine || !token.ParseFromString(unsealed->bytes) ||
      token.query() != DigestOf(query) || token.risk() < 0 ||
      token.risk() > static_cast<int32_t>(domain::Risk::kHigh) || token.order() <= 0 ||
      token.doubt() < domain::kLeastDoubt || token.doubt() > domain::kMostDoubt) {
    return domain::MakeError(domain::Reason::kPageTokenInvalid);
  }
  return ReviewPlace{static_cast<domain::Risk>(token.risk()), token.doubt(), token.order(),
                     token.partition()};
}

}  // namespace supervision::ledger
