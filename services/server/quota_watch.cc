#include "services/server/quota_watch.h"

#include <array>
#include <string>

#include "prometheus/counter.h"

namespace supervision::server {

std::function<void(const security::Quotas::Refusal&)> WatchRefusals(prometheus::Registry* metrics,
                                                                    observability::Logger* log) {
  auto& family = prometheus::BuildCounter()
                     .Name("supervision_quota_refused_total")
                     .Help(
                         "Calls, streams and messages refused because their principal used as "
                         "much as it may, by the quota that was reached.")
                     .Register(*metrics);
  std::array<prometheus::Counter*, security::kQuotaKinds> counters{};
  for (size_t i = 0; i < counters.size(); ++i) {
    counters[i] =
        &family.Add({{"quota", std::string(NameOf(static_cast<security::QuotaKind>(i)))}});
  }
  return [counters, log](const security::Quotas::Refusal& refusal) {
    counters[static_cast<size_t>(refusal.kind)]->Increment();
    if (!refusal.first) return;
    log->Warning("quota_exceeded", {{"principal", refusal.principal},
                                    {"partner", refusal.partner},
                                    {"quota", NameOf(refusal.kind)}});
  };
}

}  // namespace supervision::server
