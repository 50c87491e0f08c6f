#include "services/rpc/admin_service.h"

#include "services/rpc/convert_time.h"
#include "services/rpc/figures.h"
#include "services/rpc/set_state.h"
#include "services/rpc/to_proto.h"

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

constexpr int kMostDifferences = 1000;

void CopyShadow(const intake::Shadow& shadow, int most, v1::ListShadowDifferencesResponse* proto) {
  const intake::ShadowCounts counts = shadow.counts();
  proto->set_compared(static_cast<int64_t>(counts.compared));
  proto->set_differing(static_cast<int64_t>(counts.differing));
  proto->set_differing_scenario(static_cast<int64_t>(counts.scenario));
  proto->set_differing_risk(static_cast<int64_t>(counts.risk));
  proto->set_differing_review(static_cast<int64_t>(counts.review));
  proto->set_dropped(static_cast<int64_t>(counts.dropped));
  for (const intake::ShadowDifference& one : shadow.Latest(static_cast<size_t>(most))) {
    v1::ShadowDifference* const difference = proto->add_differences();
    difference->set_clue_id(one.clue_id);
    difference->set_clue_version(static_cast<int32_t>(one.clue_version));
    *difference->mutable_at() = rpc::ToProto(one.at);
    difference->set_scenario_differs(one.differs.scenario);
    difference->set_risk_differs(one.differs.risk);
    difference->set_review_differs(one.differs.review);
    *difference->mutable_live() = rpc::ToProto(one.live);
    *difference->mutable_candidate() = rpc::ToProto(one.candidate);
  }
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
  if (report.candidate.has_value()) *proto.mutable_candidate() = rpc::ToProto(*report.candidate);
  proto.set_open_streams(static_cast<int64_t>(report.open_streams));
  proto.set_queued_clues(report.ledger.queued);
  *proto.mutable_figures() = FiguresOf(report.metrics, report.subscribers, report.now);
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

grpc::ServerUnaryReactor* AdminService::ListShadowDifferences(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* bytes,
                                                              grpc::ByteBuffer* response) {
  auto* const call =
      new UnaryCall(edge_, security::Method::kListShadowDifferences, context, response);
  v1::ListShadowDifferencesRequest request;
  intake::Violations violations;
  if (!call->Enter() || !call->Parse(*bytes, &request, &violations)) return call;
  if (request.limit() < 0 || request.limit() > kMostDifferences) {
    violations.push_back({"limit", "must be 1 to 1000, or 0 for 50", "须为 1 至 1000；0 表示 50"});
  }
  if (!call->Accept(std::move(violations))) return call;
  v1::ListShadowDifferencesResponse answer;
  if (shadow_.shadow != nullptr) {
    CopyShadow(*shadow_.shadow, request.limit() == 0 ? 50 : request.limit(), &answer);
    answer.set_configured(true);
    *answer.mutable_candidate() = rpc::ToProto(shadow_.candidate());
  }
  call->Answer(answer);
  return call;
}

}  // namespace supervision::rpc
