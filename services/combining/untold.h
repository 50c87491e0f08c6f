#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "absl/time/time.h"
#include "services/combining/firing.h"

namespace supervision::combining {

// Where findings that are not in the log yet hang in it: what an owner has to leave for whoever
// comes after it. For one thread.
class Untold {
 public:
  void Add(const Firing& firing);
  // One that was added.
  void Remove(const Firing& firing);
  void Clear();

  // The first entry of `partition` on which one hangs; nothing: none does.
  std::optional<int64_t> First(int partition) const;
  // Since when one hangs; the infinite future: none does.
  absl::Time since() const;

 private:
  std::map<int, std::multiset<int64_t>> positions_;  // by partition
  std::multiset<absl::Time> since_;
};

}  // namespace supervision::combining
