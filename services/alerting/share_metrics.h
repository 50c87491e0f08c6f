#pragma once

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "services/ledger/sharing.h"

namespace supervision::alerting {

// What shared subscriptions count in this process. No label names a subscription. Thread-safe.
class ShareMetrics {
 public:
  explicit ShareMetrics(prometheus::Registry* registry);

  prometheus::Gauge& consumers;
  prometheus::Gauge& silent;       // of them
  prometheus::Gauge& handed_over;  // and neither settled nor given back
  prometheus::Counter& redeliveries;
  prometheus::Counter& turned_away;  // consumers, for want of room or since it drains
  prometheus::Counter& refusals;     // of acknowledgements, rejections and extensions
  prometheus::Counter& calls;
  prometheus::Counter& call_failures;
  prometheus::Gauge& halted;  // subscriptions that this process serves, whose dead letters are full

  // The claims by what came of them.
  prometheus::Counter& Claims(ledger::ShareAnswer::Kind kind);
  // The dead letters by what they died of; a consumer's own words count as one.
  prometheus::Counter& DeadLetters(const std::string& reason);

 private:
  prometheus::Family<prometheus::Counter>& claims_;
  prometheus::Family<prometheus::Counter>& letters_;
  prometheus::Counter& claimed_;
  prometheus::Counter& elsewhere_;
  prometheus::Counter& settled_;
  prometheus::Counter& not_now_;
  prometheus::Counter& exhausted_;
  prometheus::Counter& rejected_;
  prometheus::Counter& lease_ended_;
  prometheus::Counter& broken_;
  prometheus::Counter& history_gone_;
};

}  // namespace supervision::alerting
