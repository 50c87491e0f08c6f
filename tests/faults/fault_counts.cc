#include "tests/faults/fault_counts.h"

#include "absl/strings/str_format.h"

namespace supervision::faults {

using Kind = DeliveryClient::Kind;

void FaultCounts::Add(const std::string& fault, Kind kind, int times) {
  base::MutexLock lock(&mutex_);
  counts_[fault][static_cast<size_t>(kind)] += times;
}

int FaultCounts::Of(const std::string& fault, Kind kind) const {
  base::MutexLock lock(&mutex_);
  const auto found = counts_.find(fault);
  return found == counts_.end() ? 0 : found->second[static_cast<size_t>(kind)];
}

std::string FaultCounts::Table() const {
  base::MutexLock lock(&mutex_);
  std::string table = absl::StrFormat("%-26s %8s %8s %12s %8s %8s\n", "", "watch", "filtered",
                                      "subscription", "snapshot", "share");
  for (const auto& [fault, counts] : counts_) {
    absl::StrAppendFormat(&table, "%-26s %8d %8d %12d %8d %8d\n", fault, counts[0], counts[1],
                          counts[2], counts[3], counts[4]);
  }
  return table;
}

}  // namespace supervision::faults
