#pragma once

#include <cstdint>
#include <vector>

#include "services/combining/common.h"

namespace supervision::combining {

// How many persons the acts of several clues hit, beginning with one. Clues that are near each
// other (domain::AreNear) are taken for reports of one matter, of which the largest number counts:
// who reports the same once more, or in two places, spreads nothing. Whether two matters hit the
// same persons nobody knows; they count twice.
class Persons {
 public:
  explicit Persons(const Facts& own) { Add(own); }

  // Whether it makes them more.
  bool Add(const Facts& clue);
  int64_t total() const { return total_; }

 private:
  struct Matter {
    const domain::MatterKeys* keys;
    int64_t persons;
  };
  std::vector<Matter> matters_;
  int64_t total_ = 0;
};

}  // namespace supervision::combining
