#pragma once

#include <array>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "services/domain/alert_life.h"
#include "services/domain/correction.h"

namespace supervision::ledger {

// How a change ended, as the metric names it.
enum class ChangeResult {
  kAccepted,
  kRepeated,
  kConflict,     // refused by the clue's state: reused, exists, moved, missing
  kOverloaded,   // the queue was full
  kUnavailable,  // Redis away; nothing stored
  kUnknown,      // sent, answer lost or late
  kNotDurable,   // stored, too few replicas
  kFailed,       // anything else
};
inline constexpr size_t kChangeResults = 8;

// What came of a request to correct a verdict, as the metric names it.
enum class CorrectionResult { kReclassified, kConfirmed, kRepeated, kRefused, kFailed };
inline constexpr size_t kCorrectionResults = 5;

// What came of a step of an alert's life, as the metric names it.
enum class StepResult { kTaken, kRepeated, kRefused, kFailed };
inline constexpr size_t kStepResults = 4;
StepResult StepResultOf(const absl::Status& status, bool repeated);

// The ledger's metrics; handles are taken once. Labels come from closed sets and name no clue.
class Metrics {
 public:
  explicit Metrics(prometheus::Registry* registry);

  void CountChange(ChangeResult result) { changes_[static_cast<size_t>(result)]->Increment(); }
  void CountCorrection(domain::CorrectedBy by, CorrectionResult result);
  void CountStep(domain::AlertAction action, StepResult result);
  prometheus::Gauge& ReviewWaiting(domain::Risk risk);
  prometheus::Gauge& Connected(const std::string& connection);
  prometheus::Gauge& LogEnd(int partition);
  prometheus::Gauge& LogBytes(int partition);
  // Stands for all owners that have no figure of their own.
  static constexpr char kOtherOwners[] = "*";
  // Of an owner of subscriptions; SubscriptionWatch bounds how many there are.
  void SetSubscriptionLag(const std::string& owner, double entries, double seconds);
  void SetSubscriptionAge(const std::string& owner, double seconds);
  void ForgetSubscriptionsOf(const std::string& owner);

  prometheus::Histogram& commit_seconds;
  prometheus::Histogram& batch_changes;
  prometheus::Gauge& queued_changes;
  prometheus::Gauge& queued_bytes;
  prometheus::Counter& told_entries;
  prometheus::Gauge& tail_lag_entries;
  prometheus::Counter& trimmed_entries;
  prometheus::Counter& epochs;
  prometheus::Gauge& ready;
  prometheus::Gauge& review_oldest_seconds;
  prometheus::Gauge& alerts_acknowledged;
  prometheus::Gauge& alerts_resolved;
  prometheus::Gauge& subscriptions;
  prometheus::Gauge& subscriptions_ending_soon;
  prometheus::Counter& subscriptions_expired;
  prometheus::Gauge& silences;
  prometheus::Counter& alerts_silenced;
  prometheus::Gauge& redis_memory_used;
  prometheus::Gauge& redis_memory_limit;

 private:
  prometheus::Family<prometheus::Gauge>& connected_;
  prometheus::Family<prometheus::Gauge>& review_waiting_;
  prometheus::Family<prometheus::Counter>& corrections_;
  prometheus::Family<prometheus::Counter>& steps_;
  prometheus::Family<prometheus::Gauge>& log_end_;
  prometheus::Family<prometheus::Gauge>& log_bytes_;
  prometheus::Family<prometheus::Gauge>& subscription_behind_;
  prometheus::Family<prometheus::Gauge>& subscription_oldest_;
  std::array<prometheus::Counter*, kChangeResults> changes_;
};

}  // namespace supervision::ledger
