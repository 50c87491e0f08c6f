#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ledger/descriptor.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// Where a list goes on, per partition: below this order key; kFromTop or kExhausted.
using ListPlace = std::vector<int64_t>;
inline constexpr int64_t kFromTop = 0;
inline constexpr int64_t kExhausted = -1;

// The token of a place in the list of `query`: it fits no other conditions and no other scope.
std::string EncodePageToken(const Descriptor& ledger, const ListQuery& query,
                            const ListPlace& place);

// PAGE_TOKEN_INVALID when query.page_token is not one of this ledger for these conditions. Without
// a token: the top.
absl::StatusOr<ListPlace> DecodePageToken(const Descriptor& ledger, const ListQuery& query);

}  // namespace supervision::ledger
