#pragma once

#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "services/combining/common.h"

namespace supervision::combining {

// A clue as one of several.
struct Member {
  absl::Time at;  // when it was accepted
  std::string clue_id;
  FactsPtr facts;
  auto order() const { return std::tie(at, clue_id); }
};

}  // namespace supervision::combining
