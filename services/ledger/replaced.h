#pragma once

#include <string_view>

namespace supervision::ledger {

// A record as it lies in Redis, before a change writes over it. The default is none.
struct Replaced {
  std::string_view summary;  // StoredSummary
  // The change leaves the clue's text as it is, and so all that follows from it.
  bool same_text = false;
};

}  // namespace supervision::ledger
