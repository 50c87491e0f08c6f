#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "services/combining/common.h"

namespace supervision::combining {

// A clue as one of several.
struct Member {
  // Of a route that groups: whether it belongs to the group that is under way, and was told with
  // it.
  enum class Part : uint8_t { kNone, kNew, kTold };

  absl::Time at;  // when it was accepted
  std::string clue_id;
  FactsPtr facts;
  Part part = Part::kNone;
  auto order() const { return std::tie(at, clue_id); }
};

}  // namespace supervision::combining
