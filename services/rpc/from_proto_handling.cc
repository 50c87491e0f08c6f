// What a person does with an alert.
#include <utility>

#include "services/intake/text_rules.h"
#include "services/rpc/convert_time.h"
#include "services/rpc/from_proto.h"

namespace supervision::rpc {
namespace {

using domain::AlertAction;

constexpr size_t kMaxNote = 500;  // code points
constexpr size_t kMaxPrincipalLength = 64;
constexpr absl::Duration kMinDuration = absl::Minutes(1);
constexpr absl::Duration kMaxDuration = absl::Hours(24 * 90);

// What all steps have in common.
template <typename Proto>
ledger::AlertStepRequest StepFrom(AlertAction action, Proto* proto, Violations* violations) {
  ledger::AlertStepRequest request;
  intake::ValidateRequestId(proto->request_id(), "", violations);
  ValidateKey(proto->alert_id(), "alert_id", violations);
  ValidateKey(proto->etag(), "etag", violations);
  intake::ValidateTextField(proto->note(), {.min = 0, .max = kMaxNote, .lines = true}, "note",
                            violations);
  request.step.action = action;
  request.request_id = std::move(*proto->mutable_request_id());
  request.alert_id = std::move(*proto->mutable_alert_id());
  request.etag = std::move(*proto->mutable_etag());
  request.step.note = std::move(*proto->mutable_note());
  return request;
}

}  // namespace

ledger::AlertStepRequest FromProto(v1::AcknowledgeAlertRequest&& proto, Violations* violations) {
  ledger::AlertStepRequest request = StepFrom(AlertAction::kAcknowledge, &proto, violations);
  if (!proto.has_duration()) return request;
  request.step.duration = FromProto(proto.duration());
  if (!request.step.duration.has_value() || *request.step.duration < kMinDuration ||
      *request.step.duration > kMaxDuration) {
    violations->push_back({"duration",
                           "is out of range; write 1 min to 90 days, or leave it out for no end",
                           "时长超出范围；应为 1 分钟至 90 天，不填表示不限期"});
  }
  return request;
}

ledger::AlertStepRequest FromProto(v1::UnacknowledgeAlertRequest&& proto, Violations* violations) {
  return StepFrom(AlertAction::kUnacknowledge, &proto, violations);
}

ledger::AlertStepRequest FromProto(v1::AssignAlertRequest&& proto, Violations* violations) {
  ledger::AlertStepRequest request = StepFrom(AlertAction::kAssign, &proto, violations);
  if (proto.owner().size() > kMaxPrincipalLength) {
    violations->push_back({"owner", "is too long; a principal's id has at most 64 characters",
                           "承办人标识过长；最多 64 个字符"});
  }
  request.step.owner = std::move(*proto.mutable_owner());
  return request;
}

ledger::AlertStepRequest FromProto(v1::ResolveAlertRequest&& proto, Violations* violations) {
  ledger::AlertStepRequest request = StepFrom(AlertAction::kResolve, &proto, violations);
  if (proto.outcome() <= 0 || !v1::AlertOutcome_IsValid(proto.outcome())) {
    violations->push_back({"outcome",
                           "is no outcome; write HANDLED, TRANSFERRED, UNFOUNDED, DUPLICATE or "
                           "NOT_SUPERVISION",
                           "办结结果未知；请使用 HANDLED、TRANSFERRED、UNFOUNDED、DUPLICATE 或 "
                           "NOT_SUPERVISION"});
  } else {
    request.step.outcome = static_cast<domain::AlertOutcome>(proto.outcome());
  }
  return request;
}

ledger::AlertStepRequest FromProto(v1::ReopenAlertRequest&& proto, Violations* violations) {
  return StepFrom(AlertAction::kReopen, &proto, violations);
}

}  // namespace supervision::rpc
