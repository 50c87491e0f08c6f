#include "services/intake/intake_metrics.h"

#include <string>

#include "services/domain/error.h"
#include "services/domain/reason.h"
#include "services/domain/scenario.h"
#include "services/observability/buckets.h"
#include "services/observability/unlabelled.h"

namespace supervision::intake {

using observability::AddCounter;
using observability::AddGauge;
using observability::AddHistogram;

namespace {

constexpr const char* kChangeNames[] = {"submit", "revise", "withdraw"};
constexpr const char* kSuccessNames[] = {"accepted", "repeated", "validated"};
enum Success : size_t { kAccepted, kRepeated, kValidated, kFirstReason };

size_t ResultOf(const absl::StatusOr<ledger::Receipt>& answer) {
  if (answer.ok()) return answer->repeated ? kRepeated : kAccepted;
  const auto detail = domain::DetailOf(answer.status());
  const domain::Reason reason = detail ? detail->reason : domain::Reason::kInternal;
  return kFirstReason + static_cast<size_t>(reason);
}

}  // namespace

IntakeMetrics::IntakeMetrics(prometheus::Registry* registry) {
  auto& results = prometheus::BuildCounter()
                      .Name("supervision_intake_changes_total")
                      .Help("Changes answered, by kind and by result or reason of refusal")
                      .Register(*registry);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("supervision_intake_seconds")
                      .Help("Time from the parsed request to its answer, by kind of change")
                      .Register(*registry);
  for (size_t change = 0; change < kChanges; ++change) {
    const std::string name = kChangeNames[change];
    for (const char* success : kSuccessNames) {
      results_[change].push_back(&results.Add({{"change", name}, {"result", success}}));
    }
    for (const domain::ReasonRow& row : domain::ReasonTable()) {
      results_[change].push_back(
          &results.Add({{"change", name}, {"result", std::string(row.name)}}));
    }
    seconds_[change] = &seconds.Add({{"change", name}}, observability::LatencySeconds());
  }

  auto& clues = prometheus::BuildCounter()
                    .Name("supervision_clues_total")
                    .Help("Versions of clues that were accepted and are new, by scenario and risk")
                    .Register(*registry);
  clues_.resize(domain::kScenarios.size() + 1);  // by number; the unspecified one comes first
  for (size_t scenario = 0; scenario < clues_.size(); ++scenario) {
    for (size_t risk = 0; risk < clues_[scenario].size(); ++risk) {
      clues_[scenario][risk] =
          &clues.Add({{"scenario", std::string(Code(static_cast<domain::Scenario>(scenario)))},
                      {"risk", std::string(Code(static_cast<domain::Risk>(risk)))}});
    }
  }

  classification_seconds_ =
      &AddHistogram(registry, "supervision_classification_seconds", "Time to sort one clue",
                    {0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.02});
  classification_processor_ =
      &AddCounter(registry, "supervision_classification_processor_seconds_total",
                  "Processor time of sorting clues, told from one in sixteen.");
  auto& refused = prometheus::BuildCounter()
                      .Name("supervision_intake_refused_total")
                      .Help("Requests refused before they were parsed, by the limit that was met")
                      .Register(*registry);
  refused_for_count_ = &refused.Add({{"limit", "max_concurrent"}});
  refused_for_bytes_ = &refused.Add({{"limit", "max_bytes"}});
  under_way_ =
      &AddGauge(registry, "supervision_intake_under_way_clues", "Clues that are under way");
  under_way_bytes_ = &AddGauge(registry, "supervision_intake_under_way_bytes",
                               "Bytes of requests that are under way");
}

void IntakeMetrics::Answered(Change change, const absl::StatusOr<ledger::Receipt>& answer,
                             absl::Duration took) {
  const auto index = static_cast<size_t>(change);
  const size_t result = ResultOf(answer);
  results_[index][result]->Increment();
  seconds_[index]->Observe(absl::ToDoubleSeconds(took));
  if (result != kAccepted || change == Change::kWithdraw) return;
  const auto scenario = static_cast<size_t>(answer->verdict.scenario);
  const auto risk = static_cast<size_t>(answer->verdict.risk);
  if (scenario < clues_.size() && risk < clues_[scenario].size()) {
    clues_[scenario][risk]->Increment();
  }
}

void IntakeMetrics::Validated(Change change, absl::Duration took) {
  const auto index = static_cast<size_t>(change);
  results_[index][kValidated]->Increment();
  seconds_[index]->Observe(absl::ToDoubleSeconds(took));
}

void IntakeMetrics::Metered(absl::Duration processor) {
  classification_processor_->Increment(absl::ToDoubleSeconds(processor));
}

void IntakeMetrics::Classified(absl::Duration took) {
  classification_seconds_->Observe(absl::ToDoubleSeconds(took));
}

void IntakeMetrics::RefusedAdmission(bool for_bytes) {
  (for_bytes ? refused_for_bytes_ : refused_for_count_)->Increment();
}

void IntakeMetrics::UnderWay(size_t clues, size_t bytes) {
  under_way_->Set(static_cast<double>(clues));
  under_way_bytes_->Set(static_cast<double>(bytes));
}

}  // namespace supervision::intake
