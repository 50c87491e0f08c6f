#include "services/ledger/metrics.h"

#include "services/observability/buckets.h"
#include "services/observability/unlabelled.h"

namespace supervision::ledger {

using observability::AddCounter;
using observability::AddGauge;
using observability::AddHistogram;

namespace {

constexpr const char* kResultNames[kChangeResults] = {"accepted",    "repeated",    "conflict",
                                                      "overloaded",  "unavailable", "unknown",
                                                      "not_durable", "failed"};

}  // namespace

Metrics::Metrics(prometheus::Registry* registry)
    : commit_seconds(AddHistogram(registry, "supervision_ledger_commit_seconds",
                                  "Time from handing a batch to Redis to its durable answer.",
                                  observability::LatencySeconds())),
      batch_changes(AddHistogram(registry, "supervision_ledger_batch_changes",
                                 "Changes in one commit.", observability::BatchCount())),
      queued_changes(AddGauge(registry, "supervision_ledger_queued_changes",
                              "Changes that wait for a commit.")),
      queued_bytes(
          AddGauge(registry, "supervision_ledger_queued_bytes", "Bytes of the changes that wait.")),
      told_entries(AddCounter(registry, "supervision_ledger_told_entries_total",
                              "Log entries handed to the stream hub.")),
      tail_lag_entries(AddGauge(registry, "supervision_ledger_tail_lag_entries",
                                "Log entries known to exist that have not been handed on.")),
      trimmed_entries(AddCounter(registry, "supervision_ledger_trimmed_entries_total",
                                 "Log entries trimmed by retention.")),
      epochs(AddCounter(registry, "supervision_ledger_epochs_total",
                        "Times that lost history, or a promotion, was found.")),
      ready(AddGauge(registry, "supervision_ledger_ready",
                     "1 while the durability promise can be kept.")),
      review_oldest_seconds(AddGauge(registry, "supervision_ledger_review_oldest_seconds",
                                     "Age of the clue that has waited for review the longest.")),
      alerts_acknowledged(AddGauge(registry, "supervision_ledger_alerts_acknowledged",
                                   "Alerts that are acknowledged now.")),
      alerts_resolved(AddGauge(registry, "supervision_ledger_alerts_resolved",
                               "Alerts that are resolved now.")),
      subscriptions(AddGauge(registry, "supervision_subscription_count",
                             "Named subscriptions, by the replica that trims.")),
      subscriptions_ending_soon(AddGauge(
          registry, "supervision_subscription_history_ends_soon",
          "Of them, those that have not acknowledged history that is about to be trimmed.")),
      subscriptions_expired(
          AddCounter(registry, "supervision_subscription_expired_total",
                     "Subscriptions deleted since nobody had been connected for their retention.")),
      silences(AddGauge(registry, "supervision_ledger_silences_active", "Silences that hide now.")),
      alerts_silenced(AddCounter(registry, "supervision_ledger_alerts_silenced_total",
                                 "Versions of alerts that a silence hides from somebody.")),
      redis_memory_used(AddGauge(registry, "supervision_ledger_redis_memory_used_bytes",
                                 "What Redis holds in memory, as of the last minute.")),
      redis_memory_limit(AddGauge(registry, "supervision_ledger_redis_memory_limit_bytes",
                                  "At which Redis takes no more clues (maxmemory); 0: no limit.")),
      connected_(prometheus::BuildGauge()
                     .Name("supervision_ledger_redis_connected")
                     .Help("1 while the connection to Redis stands.")
                     .Register(*registry)),
      review_waiting_(prometheus::BuildGauge()
                          .Name("supervision_ledger_review_waiting_clues")
                          .Help("Clues that wait for review, by risk.")
                          .Register(*registry)),
      corrections_(prometheus::BuildCounter()
                       .Name("supervision_ledger_corrections_total")
                       .Help("Requests to correct a verdict, by author and by what came of them.")
                       .Register(*registry)),
      steps_(prometheus::BuildCounter()
                 .Name("supervision_ledger_alert_steps_total")
                 .Help("Steps of alerts' lives that were asked for, by what came of them.")
                 .Register(*registry)),
      log_end_(prometheus::BuildGauge()
                   .Name("supervision_ledger_log_end_position")
                   .Help("Position of the log's end, by partition.")
                   .Register(*registry)),
      log_bytes_(prometheus::BuildGauge()
                     .Name("supervision_ledger_log_bytes")
                     .Help("Bytes of the events in the log, by partition.")
                     .Register(*registry)),
      subscription_behind_(
          prometheus::BuildGauge()
              .Name("supervision_subscription_behind_entries")
              .Help(
                  "Entries of the log behind the place of the owner's subscription that is "
                  "furthest behind; of the 20 owners furthest behind and of all others (*), by the "
                  "replica that trims.")
              .Register(*registry)),
      subscription_oldest_(prometheus::BuildGauge()
                               .Name("supervision_subscription_oldest_unread_seconds")
                               .Help("Age of the oldest of these entries.")
                               .Register(*registry)) {
  auto& family = prometheus::BuildCounter()
                     .Name("supervision_ledger_changes_total")
                     .Help("Changes by how they ended.")
                     .Register(*registry);
  for (size_t i = 0; i < kChangeResults; ++i) {
    changes_[i] = &family.Add({{"result", kResultNames[i]}});
  }
}

void Metrics::CountCorrection(domain::CorrectedBy by, CorrectionResult result) {
  constexpr const char* kNames[kCorrectionResults] = {"reclassified", "confirmed", "repeated",
                                                      "refused", "failed"};
  corrections_
      .Add({{"by", by == domain::CorrectedBy::kPerson ? "person" : "system"},
            {"result", kNames[static_cast<size_t>(result)]}})
      .Increment();
}

StepResult StepResultOf(const absl::Status& status, bool repeated) {
  if (status.ok()) return repeated ? StepResult::kRepeated : StepResult::kTaken;
  switch (status.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
      return StepResult::kRefused;
    default:
      return StepResult::kFailed;
  }
}

void Metrics::CountStep(domain::AlertAction action, StepResult result) {
  constexpr const char* kActions[] = {"",       "acknowledge", "unacknowledge", "expire",
                                      "assign", "resolve",     "reopen"};
  constexpr const char* kNames[kStepResults] = {"taken", "repeated", "refused", "failed"};
  steps_
      .Add({{"step", kActions[static_cast<size_t>(action)]},
            {"result", kNames[static_cast<size_t>(result)]}})
      .Increment();
}

prometheus::Gauge& Metrics::ReviewWaiting(domain::Risk risk) {
  return review_waiting_.Add({{"risk", std::string(domain::Code(risk))}});
}

prometheus::Gauge& Metrics::Connected(const std::string& connection) {
  return connected_.Add({{"connection", connection}});
}

prometheus::Gauge& Metrics::LogEnd(int partition) {
  return log_end_.Add({{"partition", std::to_string(partition)}});
}

void Metrics::SetSubscriptionLag(const std::string& owner, double entries, double seconds) {
  subscription_behind_.Add({{"owner", owner}}).Set(entries);
  SetSubscriptionAge(owner, seconds);
}

void Metrics::SetSubscriptionAge(const std::string& owner, double seconds) {
  subscription_oldest_.Add({{"owner", owner}}).Set(seconds);
}

void Metrics::ForgetSubscriptionsOf(const std::string& owner) {
  subscription_behind_.Remove(&subscription_behind_.Add({{"owner", owner}}));
  subscription_oldest_.Remove(&subscription_oldest_.Add({{"owner", owner}}));
}

prometheus::Gauge& Metrics::LogBytes(int partition) {
  return log_bytes_.Add({{"partition", std::to_string(partition)}});
}

}  // namespace supervision::ledger
