#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/time/time.h"

namespace supervision::ledger {

struct Context;

// Where in a partition's log the entries begin that were raised at `since` or later, of the
// positions [low, high]; `high` when there are none. Positions are dense, so it is found by
// halving: a handful of reads. Nothing when Redis does not answer. An entry that is not there any
// more counts as old. On the loop's thread; the callback runs once, never inside the call unless
// low >= high.
struct AgeSearch {
  int partition = 0;
  int64_t low = 1;
  int64_t high = 1;
  absl::Time since;
};
void FindFirstSince(Context* context, AgeSearch search,
                    std::function<void(std::optional<int64_t>)> callback);

}  // namespace supervision::ledger
