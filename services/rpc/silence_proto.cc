#include "services/rpc/silence_proto.h"

#include <algorithm>
#include <utility>

#include "services/intake/text_rules.h"
#include "services/rpc/convert_time.h"
#include "services/rpc/subscription_proto.h"
#include "services/security/principal.h"

namespace supervision::rpc {
namespace {

constexpr size_t kMaxReason = 500;  // code points
constexpr int kMaxReceivers = 50;
constexpr size_t kMaxPrincipalLength = 64;
constexpr size_t kMaxKey = 128;
constexpr char kEndsAt[] = "ends_at";

bool IsSupervisor(const Caller& caller) {
  return caller.principal->roles.test(static_cast<size_t>(security::Role::kSupervisor));
}

// `end` is nothing when it was given and cannot be read.
absl::Time CheckedEnd(std::string_view path, std::optional<absl::Time> end, absl::Time now,
                      Violations* violations) {
  if (!end.has_value() || *end <= now || *end > now + domain::kLongestSilence) {
    violations->push_back({std::string(path), "is no end; write one from now to 90 days from now",
                           "结束时间有误；应在现在之后、90 天之内"});
    return now;
  }
  return *end;
}

template <typename Request>
absl::Time EndOf(const Request& request, absl::Time now, Violations* violations) {
  if (request.has_duration()) {
    const std::optional<absl::Duration> duration = FromProto(request.duration());
    return CheckedEnd(
        "duration",
        duration.has_value() ? std::optional<absl::Time>(now + *duration) : std::nullopt, now,
        violations);
  }
  if (request.has_ends_at()) {
    return CheckedEnd(kEndsAt, FromProto(request.ends_at()), now, violations);
  }
  violations->push_back({kEndsAt, "is missing; a silence needs an end, at most 90 days from now",
                         "缺少结束时间；静默必须有结束时间，最长 90 天"});
  return now;
}

template <typename Request>
void TakeMatcher(const Request& request, domain::Silence* silence, Violations* violations) {
  const size_t mistakes = violations->size();
  silence->matcher = FromProto(request.matcher(), "matcher", violations);
  silence->alert_id = request.alert_id();
  if (request.alert_id().size() > kMaxKey) {
    violations->push_back({"alert_id", "is no alert's id", "预警编号有误"});
  }
  if (request.alert_id().empty() && violations->size() == mistakes &&
      silence->matcher == domain::Filter()) {
    violations->push_back({"matcher", "is missing; write a condition, or name the alert",
                           "缺少条件；请填写条件或指定预警"});
  }
}

}  // namespace

domain::Silence FromProto(const v1::CreateSilenceRequest& request, absl::Time now,
                          Violations* violations) {
  domain::Silence silence;
  if (!request.request_id().empty()) {
    intake::ValidateRequestId(request.request_id(), "", violations);
  }
  TakeMatcher(request, &silence, violations);
  intake::ValidateTextField(request.reason(), {.min = 1, .max = kMaxReason, .lines = true},
                            "reason", violations);
  silence.reason = request.reason();
  if (request.receivers_size() > kMaxReceivers) {
    violations->push_back({"receivers", "are too many; name at most 50", "接收人过多；最多 50 个"});
  }
  for (int i = 0; i < std::min(request.receivers_size(), kMaxReceivers); ++i) {
    const std::string& receiver = request.receivers(i);
    if (receiver.empty() || receiver.size() > kMaxPrincipalLength) {
      violations->push_back(
          {"receivers[" + std::to_string(i) + "]", "is no principal's id", "主体标识有误"});
    }
    silence.receivers.push_back(receiver);
  }
  std::sort(silence.receivers.begin(), silence.receivers.end());
  silence.receivers.erase(std::unique(silence.receivers.begin(), silence.receivers.end()),
                          silence.receivers.end());
  silence.ends_at = EndOf(request, now, violations);
  return silence;
}

bool OnlyItsEndHasPassed(const v1::CreateSilenceRequest& request, absl::Time now,
                         const Violations& violations) {
  if (violations.size() != 1 || violations[0].field != kEndsAt) return false;
  const std::optional<absl::Time> end = FromProto(request.ends_at());
  return request.has_ends_at() && end.has_value() && *end <= now;
}

domain::Silence FromProto(const v1::PreviewSilenceRequest& request, Violations* violations) {
  domain::Silence silence;
  TakeMatcher(request, &silence, violations);
  return silence;
}

absl::Time NewEndOf(const v1::ExtendSilenceRequest& request, absl::Time now,
                    Violations* violations) {
  return EndOf(request, now, violations);
}

v1::Silence ToProto(const domain::Silence& silence, absl::Time now) {
  v1::Silence proto;
  proto.set_id(silence.id);
  *proto.mutable_matcher() = ToProto(silence.matcher);
  proto.set_alert_id(silence.alert_id);
  proto.set_reason(silence.reason);
  proto.set_author(silence.author);
  for (const std::string& receiver : silence.receivers) proto.add_receivers(receiver);
  *proto.mutable_created_at() = ToProto(silence.created_at);
  *proto.mutable_ends_at() = ToProto(silence.ends_at);
  proto.set_ended_by(silence.ended_by);
  proto.set_hides_up_to(static_cast<v1::Risk>(silence.hides_up_to));
  proto.set_state(silence.ends_at > now ? v1::SILENCE_STATE_ACTIVE : v1::SILENCE_STATE_ENDED);
  return proto;
}

std::function<bool(const domain::Silence&)> MayChange(const Caller& caller, bool sees_all) {
  return [id = caller.principal->id, supervisor = IsSupervisor(caller), sees_all,
          scope = caller.scope](const domain::Silence& silence) {
    if (silence.author == id && sees_all) return true;
    return (silence.author == id || supervisor) && domain::Covers(scope, silence.scope);
  };
}

std::function<bool(const domain::Silence&)> MayRead(const Caller& caller, bool sees_all) {
  return [id = caller.principal->id,
          answers = MayChange(caller, sees_all)](const domain::Silence& silence) {
    return answers(silence) || std::find(silence.receivers.begin(), silence.receivers.end(), id) !=
                                   silence.receivers.end();
  };
}

}  // namespace supervision::rpc
