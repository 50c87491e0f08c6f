#include "services/rpc/admin_service.h"

#include "services/rpc/convert_time.h"
#include "services/rpc/set_state.h"

namespace supervision::rpc {
namespace {

void CopyLedger(const StatusReport& report, v1::LedgerStatus* proto) {
  proto->set_id(report.ledger.ledger_id);
  proto->set_schema_version(report.ledger.schema_version);
  for (size_t i = 0; i < report.ledger.partitions.size(); ++i) {
    const ledger::PartitionState& state = report.ledger.partitions[i];
    v1::PartitionStatus* const partition = proto->add_partitions();
    partition->set_partition(static_cast<int32_t>(i));
    partition->set_epoch(state.epoch);
    partition->set_earliest_position(state.earliest);
    partition->set_end_position(state.end);
    partition->set_log_bytes(state.log_bytes);
    partition->set_trims(state.trims);
    if (i < report.told_positions.size()) {
      partition->set_told_position(report.told_positions[i]);
    }
  }
}

void CopyRedis(const StatusReport& report, v1::RedisStatus* proto) {
  const ledger::LedgerState& state = report.ledger;
  proto->set_connected(state.connected);
  proto->set_address(report.redis_address);
  proto->set_version(state.redis_version);
  proto->set_durable(state.durable);
  for (const std::string& shortfall : state.shortfalls) proto->add_shortfalls(shortfall);
  proto->set_used_memory_bytes(state.used_memory_bytes);
  proto->set_replicas(state.replicas);
  proto->set_restarts(report.redis_restarts);
}

v1::GetStatusResponse ToProto(const StatusReport& report) {
  v1::GetStatusResponse proto;
  proto.set_version(report.version);
  *proto.mutable_started_at() = rpc::ToProto(report.started_at);
  proto.set_ready(report.ready);
  for (const std::string& reason : report.not_ready_because) proto.add_not_ready_because(reason);
  CopyLedger(report, proto.mutable_ledger());
  CopyRedis(report, proto.mutable_redis());
  proto.set_catalogue_version(report.rules.catalogue_version);
  proto.set_rules_version(report.rules.rules_version);
  *proto.mutable_rules() = rpc::ToProto(report.rules);
  proto.set_open_streams(static_cast<int64_t>(report.open_streams));
  proto.set_queued_clues(report.ledger.queued);
  return proto;
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::GetStatus(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* bytes,
                                                  grpc::ByteBuffer* response) {
  auto* const call = new UnaryCall(edge_, security::Method::kGetStatus, context, response);
  v1::GetStatusRequest request;
  intake::Violations violations;
  if (!call->Enter() || !call->Parse(*bytes, &request, &violations)) return call;
  call->Answer(ToProto(report_()));
  return call;
}

grpc::ServerUnaryReactor* AdminService::ReloadRules(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* bytes,
                                                    grpc::ByteBuffer* response) {
  auto* const call = new UnaryCall(edge_, security::Method::kReloadRules, context, response);
  v1::ReloadRulesRequest request;
  intake::Violations violations;
  if (!call->Enter() || !call->Parse(*bytes, &request, &violations)) return call;
  reload_([call](const absl::StatusOr<classification::SetState>& state) {
    if (!state.ok()) return call->Fail(state.status());
    v1::ReloadRulesResponse answer;
    *answer.mutable_rules() = rpc::ToProto(*state);
    call->Answer(answer);
  });
  return call;
}

}  // namespace supervision::rpc
