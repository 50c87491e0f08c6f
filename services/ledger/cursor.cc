#include "services/ledger/cursor.h"

#include <algorithm>
#include <optional>

#include "services/domain/error.h"
#include "services/ledger/sealed_text.h"
#include "supervision/storage/v1/ledger.pb.h"

namespace supervision::ledger {
namespace {

using domain::MakeError;
using domain::Reason;

constexpr std::string_view kPurpose = "cursor";
constexpr size_t kLedgerBytes = 8;

}  // namespace

std::string EncodeCursor(const Descriptor& ledger, const Place& place) {
  storage::v1::StoredCursor cursor;
  cursor.set_ledger(ledger.id.substr(0, kLedgerBytes));
  cursor.mutable_epochs()->Add(place.epochs.begin(), place.epochs.end());
  cursor.mutable_positions()->Add(place.positions.begin(), place.positions.end());
  return Seal(ledger.secret, kPurpose, cursor.SerializeAsString());
}

absl::StatusOr<Place> DecodeCursor(const Descriptor& ledger, std::string_view text) {
  const std::optional<Unsealed> unsealed = Unseal(ledger.secret, kPurpose, text);
  storage::v1::StoredCursor cursor;
  if (!unsealed.has_value() || !cursor.ParseFromString(unsealed->bytes) ||
      cursor.ledger().size() != kLedgerBytes || cursor.epochs_size() == 0 ||
      cursor.epochs_size() != cursor.positions_size()) {
    return MakeError(Reason::kCursorMalformed);
  }
  // Another ledger has another secret, so its signature cannot be checked: the id alone tells.
  if (cursor.ledger() != ledger.id.substr(0, kLedgerBytes)) {
    return MakeError(Reason::kCursorForeign);
  }
  if (!unsealed->genuine) return MakeError(Reason::kCursorUnknown);
  Place place{{cursor.epochs().begin(), cursor.epochs().end()},
              {cursor.positions().begin(), cursor.positions().end()}};
  const bool sane =
      static_cast<int>(place.epochs.size()) == ledger.partitions &&
      std::all_of(place.epochs.begin(), place.epochs.end(), [](int64_t e) { return e >= 1; }) &&
      std::all_of(place.positions.begin(), place.positions.end(), [](int64_t n) { return n >= 0; });
  if (!sane) return MakeError(Reason::kCursorMalformed);
  return place;
}

}  // namespace supervision::ledger
