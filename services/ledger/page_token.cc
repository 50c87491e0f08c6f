#include "services/ledger/page_token.h"

#include <algorithm>
#include <optional>

#include "services/base/hash.h"
#include "services/domain/error.h"
#include "services/ledger/sealed_text.h"
#include "supervision/storage/v1/ledger.pb.h"

namespace supervision::ledger {
namespace {

constexpr std::string_view kPurpose = "page";
constexpr size_t kQueryDigestBytes = 16;

// Everything that decides what is listed; not the page's size, which may change on the way.
std::string DigestOf(const ListQuery& query) {
  std::string text = domain::ViewKey(query.scope, query.filter);
  const auto add = [&text](const std::string& value) {
    text += std::to_string(value.size());
    text += ':';
    text += value;
  };
  add(std::to_string(static_cast<int>(query.kind)));
  add(query.partner);
  if (!query.hidden_from.empty()) add(query.hidden_from);
  add(std::to_string(static_cast<int>(query.state)));
  for (const std::optional<absl::Time>& bound : {query.received_from, query.received_before}) {
    add(bound.has_value() ? std::to_string(absl::ToUnixMicros(*bound)) : "");
  }
  return base::Prefix(base::Sha256(text), kQueryDigestBytes);
}

}  // namespace

std::string EncodePageToken(const Descriptor& ledger, const ListQuery& query,
                            const ListPlace& place) {
  storage::v1::StoredPageToken token;
  token.set_query(DigestOf(query));
  token.mutable_below()->Add(place.begin(), place.end());
  return Seal(ledger.secret, kPurpose, token.SerializeAsString());
}

absl::StatusOr<ListPlace> DecodePageToken(const Descriptor& ledger, const ListQuery& query) {
  if (query.page_token.empty()) return ListPlace(ledger.partitions, kFromTop);
  const std::optional<Unsealed> unsealed = Unseal(ledger.secret, kPurpose, query.page_token);
  storage::v1::StoredPageToken token;
  if (!unsealed.has_value() || !unsealed->genuine || !token.ParseFromString(unsealed->bytes) ||
      token.query() != DigestOf(query) || token.below_size() != ledger.partitions ||
      std::any_of(token.below().begin(), token.below().end(),
                  [](int64_t below) { return below < kExhausted; })) {
    return domain::MakeError(domain::Reason::kPageTokenInvalid);
  }
  return ListPlace(token.below().begin(), token.below().end());
}

}  // namespace supervision::ledger
