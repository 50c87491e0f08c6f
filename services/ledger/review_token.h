#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/ledger/descriptor.h"
#include "services/ledger/types.h"

namespace supervision::ledger {

// The last candidate that a page of the review queue looked at.
struct ReviewPlace {
  domain::Risk risk = domain::Risk::kHigh;
  int doubt = 0;
  int64_t order = 0;  // 0: from the top
  int partition = 0;
  bool operator==(const ReviewPlace&) const = default;
};

// The token of a place in the queue of `query`: it fits no other conditions and no other caller.
std::string EncodeReviewToken(const Descriptor& ledger, const ReviewQuery& query,
                              const ReviewPlace& place);

// PAGE_TOKEN_INVALID when query.page_token is not one of this ledger for these conditions. Without
// a token: the top.
absl::StatusOr<ReviewPlace> DecodeReviewToken(const Descriptor& ledger, const ReviewQuery& query);

}  // namespace supervision::ledger
