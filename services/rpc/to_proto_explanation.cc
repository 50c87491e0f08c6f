#include "services/rpc/to_proto.h"

namespace supervision::rpc {
namespace {

void Copy(const domain::Passage& passage, v1::Passage* proto) {
  proto->set_part(static_cast<v1::TextPart>(passage.part));
  proto->set_begin(passage.begin);
  proto->set_end(passage.end);
}

v1::ScopeReason ToProto(const domain::ScopeReason& scope) {
  v1::ScopeReason proto;
  proto.set_in_scope(scope.in);
  proto.set_confidence(scope.confidence);
  if (scope.sentence.given()) Copy(scope.sentence, proto.mutable_sentence());
  if (scope.blamed.given()) Copy(scope.blamed, proto.mutable_blamed());
  if (scope.act.given()) Copy(scope.act, proto.mutable_act());
  proto.set_told_before(static_cast<v1::ToldBefore>(scope.told_before));
  if (scope.told.given()) Copy(scope.told, proto.mutable_told());
  proto.set_text_zh(scope.chinese);
  proto.set_text_en(scope.english);
  return proto;
}

v1::RunnerUp ToProto(const domain::RunnerUp& second) {
  v1::RunnerUp proto;
  proto.set_scenario(static_cast<v1::Scenario>(second.scenario));
  proto.set_confidence(second.confidence);
  for (const domain::EvidenceSpan& span : second.for_verdict) {
    *proto.add_for_verdict() = rpc::ToProto(span);
  }
  for (const domain::EvidenceSpan& span : second.for_runner_up) {
    *proto.add_for_runner_up() = rpc::ToProto(span);
  }
  proto.set_reason(static_cast<v1::RunnerUpReason>(second.reason));
  proto.set_text_zh(second.chinese);
  proto.set_text_en(second.english);
  return proto;
}

v1::ProblemReason ToProto(const domain::ProblemReason& problem) {
  v1::ProblemReason proto;
  proto.set_code(problem.code);
  proto.set_probability(problem.probability);
  for (const domain::EvidenceSpan& span : problem.passages) {
    *proto.add_passages() = rpc::ToProto(span);
  }
  proto.set_text_zh(problem.chinese);
  proto.set_text_en(problem.english);
  return proto;
}

}  // namespace

v1::Explanation ToProto(const domain::Explanation& explanation) {
  v1::Explanation proto;
  proto.set_scenario(static_cast<v1::Scenario>(explanation.scenario));
  *proto.mutable_scope() = ToProto(explanation.scope);
  *proto.mutable_runner_up() = ToProto(explanation.runner_up);
  proto.set_rules_version(explanation.rules_version);
  for (const domain::ProblemReason& problem : explanation.problems) {
    *proto.add_problems() = ToProto(problem);
  }
  return proto;
}

}  // namespace supervision::rpc
