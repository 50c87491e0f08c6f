#pragma once

#include <array>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "services/domain/verdict.h"
#include "services/ledger/types.h"

namespace supervision::intake {

// What the metrics page says of intake. Handles are taken once; labels come from closed sets.
// Thread-safe.
class IntakeMetrics {
 public:
  enum class Change { kSubmit, kRevise, kWithdraw };

  explicit IntakeMetrics(prometheus::Registry* registry);

  // One change has been answered.
  void Answered(Change change, const absl::StatusOr<ledger::Receipt>& answer, absl::Duration took);
  void Validated(Change change, absl::Duration took);
  // One change was sorted.
  void Classified(absl::Duration took);
  // Sorting has taken so much of the processors.
  void Metered(absl::Duration processor);
  // One request was refused before it was parsed.
  void RefusedAdmission(bool for_bytes);
  void UnderWay(size_t clues, size_t bytes);

 private:
  static constexpr size_t kChanges = 3;

  // By change, then by result: accepted, repeated, validated, then the reasons of domain/reason.h.
  std::array<std::vector<prometheus::Counter*>, kChanges> results_;
  std::array<prometheus::Histogram*, kChanges> seconds_;
  // By scenario, then by risk: what was accepted and is new.
  std::vector<std::array<prometheus::Counter*, 4>> clues_;
  prometheus::Histogram* classification_seconds_;
  prometheus::Counter* classification_processor_;
  prometheus::Counter* refused_for_count_;
  prometheus::Counter* refused_for_bytes_;
  prometheus::Gauge* under_way_;
  prometheus::Gauge* under_way_bytes_;
};

}  // namespace supervision::intake
