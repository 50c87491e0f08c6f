#include "services/rpc/rpc_metrics.h"

#include <algorithm>
#include <string>

#include "services/observability/buckets.h"
#include "services/rpc/status.h"

namespace supervision::rpc {
namespace {

// "SubmitClue" of "/supervision.v1.ClueService/SubmitClue".
std::string ShortName(std::string_view full_name) {
  return std::string(full_name.substr(full_name.rfind('/') + 1));
}

}  // namespace

RpcMetrics::RpcMetrics(prometheus::Registry* registry) {
  auto& seconds = prometheus::BuildHistogram()
                      .Name("supervision_rpc_seconds")
                      .Help("From the request's arrival to the call's finish.")
                      .Register(*registry);
  auto& total = prometheus::BuildCounter()
                    .Name("supervision_rpc_total")
                    .Help("Finished calls by method and code.")
                    .Register(*registry);
  auto& open = prometheus::BuildGauge()
                   .Name("supervision_rpc_open")
                   .Help("Calls under way.")
                   .Register(*registry);
  for (const security::AuthorityRow& row : security::AuthorityTable()) {
    const std::string method = ShortName(row.full_name);
    OfMethod handles;
    handles.seconds = &seconds.Add({{"method", method}}, observability::LatencySeconds());
    handles.open = &open.Add({{"method", method}});
    for (size_t code = 0; code < kCodes; ++code) {
      const std::string name(CodeName(static_cast<grpc::StatusCode>(code)));
      handles.by_code[code] = &total.Add({{"method", method}, {"code", name}});
    }
    methods_.push_back(handles);
  }
}

void RpcMetrics::Started(security::Method method) {
  open_.fetch_add(1, std::memory_order_relaxed);
  methods_[static_cast<size_t>(method)].open->Increment();
}

void RpcMetrics::Finished(security::Method method, grpc::StatusCode code, absl::Duration took) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  const OfMethod& handles = methods_[static_cast<size_t>(method)];
  handles.open->Decrement();
  handles.seconds->Observe(absl::ToDoubleSeconds(took));
  handles.by_code[std::min(static_cast<size_t>(code), kCodes - 1)]->Increment();
}

}  // namespace supervision::rpc
