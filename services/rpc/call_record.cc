#include "services/rpc/call_record.h"

#include "services/domain/trace.h"

namespace supervision::rpc {

CallRecord::CallRecord(const Edge& edge, security::Method method)
    : gate_(edge.gate), metrics_(edge.metrics), log_(edge.log), method_(method) {
  metrics_->Started(method_);
}

void CallRecord::Finished(grpc::StatusCode code) const {
  const absl::Duration took = absl::Now() - started_;
  metrics_->Finished(method_, code, took);
  if (code == grpc::StatusCode::INTERNAL) {
    gate_->Tell({method_, code, principal_ == nullptr ? "" : principal_->id, ""});
  }
  // A caller that traces finds its call here; of others there would be a line for each clue.
  if (trace_parent_.empty()) return;
  log_->Debug("call",
              {{"trace", domain::TraceIdOf(trace_parent_)},
               {"method", security::AuthorityTable()[static_cast<size_t>(method_)].full_name},
               {"code", int64_t{code}},
               {"microseconds", absl::ToInt64Microseconds(took)}});
}

}  // namespace supervision::rpc
