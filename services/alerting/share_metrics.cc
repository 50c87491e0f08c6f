#include "services/alerting/share_metrics.h"

#include "services/alerting/stream_metrics.h"
#include "services/observability/unlabelled.h"

namespace supervision::alerting {

using observability::AddCounter;
using observability::AddGauge;

ShareMetrics::ShareMetrics(prometheus::Registry* registry)
    : consumers(AddGauge(registry, "supervision_shared_consumers",
                         "Consumers of shared subscriptions in this process.")),
      silent(
          AddGauge(registry, "supervision_shared_silent_consumers",
                   "Consumers of shared subscriptions that let leases run out without a word and "
                   "are passed over.")),
      handed_over(AddGauge(registry, "supervision_shared_handed_over_alerts",
                           "Alerts that consumers have in hand, of all together.")),
      redeliveries(AddCounter(registry, "supervision_shared_redeliveries_total",
                              "Alerts handed to a consumer that somebody had before.")),
      turned_away(RefusedStreams(registry)),
      refusals(
          AddCounter(registry, "supervision_shared_refusals_total",
                     "Acknowledgements, rejections and extensions that came after the lease.")),
      calls(AddCounter(registry, "supervision_shared_calls_total",
                       "Calls to the ledger about shared subscriptions.")),
      call_failures(AddCounter(registry, "supervision_shared_call_failures_total",
                               "Calls about shared subscriptions that failed; they are repeated.")),
      halted(AddGauge(registry, "supervision_shared_halted_subscriptions",
                      "Shared subscriptions served here that hand out nothing, since their dead "
                      "letters are full.")),
      claims_(prometheus::BuildCounter()
                  .Name("supervision_shared_claims_total")
                  .Help("Alerts of shared subscriptions asked for, by what came of it.")
                  .Register(*registry)),
      letters_(prometheus::BuildCounter()
                   .Name("supervision_shared_dead_letters_total")
                   .Help("Alerts put to the dead letters, by what the last attempt ended with.")
                   .Register(*registry)),
      claimed_(claims_.Add({{"result", "claimed"}})),
      elsewhere_(claims_.Add({{"result", "elsewhere"}})),
      settled_(claims_.Add({{"result", "settled"}})),
      not_now_(claims_.Add({{"result", "not_now"}})),
      exhausted_(claims_.Add({{"result", "exhausted"}})),
      rejected_(letters_.Add({{"reason", "rejected"}})),
      lease_ended_(letters_.Add({{"reason", "lease_ended"}})),
      broken_(letters_.Add({{"reason", "connection_broken"}})),
      history_gone_(letters_.Add({{"reason", "history_gone"}})) {}

prometheus::Counter& ShareMetrics::Claims(ledger::ShareAnswer::Kind kind) {
  using Kind = ledger::ShareAnswer::Kind;
  switch (kind) {
    case Kind::kDone:
      return claimed_;
    case Kind::kSettled:
      return settled_;
    case Kind::kElsewhere:
      return elsewhere_;
    case Kind::kExhausted:
      return exhausted_;
    case Kind::kRefused:
    case Kind::kWaits:
    case Kind::kWindow:
    case Kind::kHalted:
      break;
  }
  return not_now_;
}

prometheus::Counter& ShareMetrics::DeadLetters(const std::string& reason) {
  if (reason == ledger::kLeaseEnded) return lease_ended_;
  if (reason == ledger::kConnectionBroken) return broken_;
  if (reason == ledger::kHistoryGone) return history_gone_;
  return rejected_;
}

}  // namespace supervision::alerting
