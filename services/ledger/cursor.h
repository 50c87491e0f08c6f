#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/ledger/descriptor.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// The text of a place, as clients keep it.
std::string EncodeCursor(const Descriptor& ledger, const Place& place);

// The place of a cursor, looking at nothing but the text. CURSOR_MALFORMED: it cannot be one.
// CURSOR_FOREIGN: of another ledger. CURSOR_UNKNOWN: of this ledger by its own words, but not
// signed by it.
absl::StatusOr<Place> DecodeCursor(const Descriptor& ledger, std::string_view text);

}  // namespace supervision::ledger
