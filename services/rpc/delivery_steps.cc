#include "services/rpc/delivery_steps.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/domain/silence.h"
#include "services/rpc/convert_time.h"

namespace supervision::rpc {
namespace {

v1::DeliveryStep* Add(v1::DeliveryQuestion question, v1::DeliveryOutcome outcome,
                      const std::string& english, const std::string& chinese,
                      v1::ExplainDeliveryResponse* answer) {
  v1::DeliveryStep* const step = answer->add_steps();
  step->set_question(question);
  step->set_outcome(outcome);
  step->set_text_en(english);
  step->set_text_zh(chinese);
  return step;
}

constexpr v1::DeliveryOutcome OutcomeOf(bool passes) {
  return passes ? v1::DELIVERY_OUTCOME_PASSES : v1::DELIVERY_OUTCOME_KEPT_BACK;
}

bool AddSilence(const AlertAndNow& both, const std::string& principal,
                v1::ExplainDeliveryResponse* answer) {
  const std::vector<domain::SilenceMark>& told = both.as_told.facets.silences;
  const std::vector<domain::SilenceMark>& now = both.now.facets.silences;
  const bool hidden = domain::HiddenFrom(told, principal);
  v1::DeliveryStep* step = nullptr;
  if (hidden) {
    step = Add(v1::DELIVERY_QUESTION_SILENCE, OutcomeOf(false),
               "A silence hides it; see GetSilence for why and until when.",
               "该预警被静默隐藏；原因与期限见 GetSilence。", answer);
  } else if (domain::HiddenFrom(now, principal)) {
    step = Add(v1::DELIVERY_QUESTION_SILENCE, OutcomeOf(true),
               "No silence hid this version when it was told. One that was made since hides later "
               "versions, unless they are graver, and keeps it out of snapshots and lists; see "
               "GetSilence for why and until when.",
               "该版本推送时没有静默隐藏；此后设立的静默会隐藏后续版本（风险升高的除外），"
               "快照与列表中也不再显示；原因与期限见 GetSilence。",
               answer);
  } else {
    step = Add(v1::DELIVERY_QUESTION_SILENCE, OutcomeOf(true), "No silence hides it.",
               "没有静默隐藏该预警。", answer);
  }
  for (const domain::SilenceMark& mark : hidden ? told : now) {
    if (domain::HiddenFrom({mark}, principal)) step->add_silence_ids(mark.silence_id);
  }
  return !hidden;
}

std::string KeyText(const domain::AlertGroup& group) {
  std::string text;
  for (const domain::AlertGroup::KeyPart& part : group.key) {
    absl::StrAppend(&text, text.empty() ? " (" : ", ", part.name, " = ", part.value);
  }
  return text.empty() ? text : text + ")";
}

// A route adds alerts and keeps none back. What it says of its clues stands in the alert; whether
// it still does stands in the files of routes alone.
void AddRoute(const domain::Alert& alert, const RouteView& routes,
              v1::ExplainDeliveryResponse* answer) {
  if (alert.group == nullptr) {
    Add(v1::DELIVERY_QUESTION_ROUTE, OutcomeOf(true),
        "It is about one clue and told by itself: no route raised it, and routes keep none back.",
        "该预警针对单条线索，单独推送：并非由合并规则产生，合并规则也不会扣留预警。", answer);
    return;
  }
  const domain::AlertGroup& group = *alert.group;
  const RouteNow route = routes(group.route);
  std::string english =
      absl::StrCat("The route ", group.route, ", ", group.title_en, KeyText(group),
                   ", raised it about ", group.total, " clues: ", group.arithmetic_en, ". ");
  std::string chinese =
      absl::StrCat("由合并规则 ", group.route, "“", group.title_zh, "”", KeyText(group),
                   "产生，涉及线索", group.total, "条：", group.arithmetic_zh, "。");
  if (group.late) {
    english += "It came late. ";
    chinese += "该预警晚于应推送时间。";
  }
  if (!route.there) {
    english += "The route is there no longer.";
    chinese += "该规则现已不存在。";
  } else {
    english += route.on ? "The route is on." : "The route is off now.";
    chinese += route.on ? "该规则现已启用。" : "该规则现已停用。";
  }
  if (alert.kind == domain::AlertKind::kSameMatter && route.on && route.silences_low &&
      alert.facets.risk == domain::Risk::kHigh) {
    english += " As the matter is HIGH, its LOW alerts are silenced for whoever sees it.";
    chinese += "该事项为高风险，其低风险预警对可见该事项者静默。";
  }
  Add(v1::DELIVERY_QUESTION_ROUTE, OutcomeOf(true), english, chinese, answer);
}

// Whether an alert raised then met the filter that the subscription has now, and no other.
bool FilterWasThere(const ledger::Subscription& subscription, absl::Time raised_at) {
  if (!subscription.filter_since.has_value()) return subscription.version <= 1;
  return raised_at >= *subscription.filter_since;
}

}  // namespace

bool AddSteps(const AlertAndNow& both, const std::string& principal, const domain::Scope& scope,
              const domain::Filter& filter, const RouteView& routes,
              v1::ExplainDeliveryResponse* answer) {
  const domain::Alert& alert = both.as_told;
  const bool sees = domain::Sees(scope, alert.facets);
  Add(v1::DELIVERY_QUESTION_SCOPE, OutcomeOf(sees),
      sees ? "It is within what the principal may see."
           : "It is outside the scenarios or regions that the principal may see.",
      sees ? "在该主体的可见范围内。" : "不在该主体可见的子场景或行政区划内。", answer);
  if (!sees) return false;
  const bool matches = domain::Matches(filter, alert.facets);
  const bool any = filter == domain::Filter();
  Add(v1::DELIVERY_QUESTION_FILTER, OutcomeOf(matches),
      any       ? "No filter was set."
      : matches ? "It meets the filter."
                : "It does not meet the filter.",
      any       ? "未设置条件。"
      : matches ? "符合条件。"
                : "不符合条件。",
      answer);
  if (!matches || !AddSilence(both, principal, answer)) return false;
  AddRoute(alert, routes, answer);
  *Add(v1::DELIVERY_QUESTION_DELIVERY, OutcomeOf(true),
       "This version is told to whoever follows since it was raised.",
       "该版本自产生时起即向关注者推送。", answer)
       ->mutable_at() = ToProto(alert.raised_at);
  return true;
}

void AddAcknowledgement(const domain::Alert& alert, const ledger::Subscription& subscription,
                        const alerting::Lag& lag, v1::ExplainDeliveryResponse* answer) {
  v1::DeliveryStep* step = nullptr;
  const auto add = [&](v1::DeliveryOutcome outcome, const char* english, const char* chinese) {
    step = Add(v1::DELIVERY_QUESTION_ACKNOWLEDGEMENT, outcome, english, chinese, answer);
  };
  if (lag.sought_found && subscription.connection.has_value()) {
    add(v1::DELIVERY_OUTCOME_WAITS,
        "It waits to be acknowledged; a client is connected and is told in order.",
        "等待确认；已有客户端连接，按顺序推送。");
  } else if (lag.sought_found) {
    add(v1::DELIVERY_OUTCOME_WAITS,
        "It waits for a client: nobody is connected to the subscription.",
        "等待接收；当前没有客户端连接该订阅。");
  } else if (lag.more) {
    add(v1::DELIVERY_OUTCOME_UNKNOWN,
        "The subscription is so far behind that not all that waits was looked at.",
        "订阅滞后过多，未能查看全部待确认内容。");
  } else if (lag.gap) {
    add(v1::DELIVERY_OUTCOME_UNKNOWN,
        "History that the subscription has not acknowledged is gone: acknowledged before, or lost "
        "with that.",
        "该订阅尚未确认的部分历史已不存在：该预警此前已确认，或随之丢失。");
  } else if (alert.raised_at < subscription.created_at) {
    add(v1::DELIVERY_OUTCOME_UNKNOWN,
        "It was raised before the subscription was made: acknowledged, or from before its start.",
        "该预警产生于订阅创建之前：已确认，或早于订阅起点。");
  } else if (!FilterWasThere(subscription, alert.raised_at)) {
    add(v1::DELIVERY_OUTCOME_UNKNOWN,
        "The subscription's filter may have been changed since it was raised: acknowledged, or "
        "passed over by the filter of then.",
        "该预警产生后订阅条件可能已变更：已确认，或不符合当时的条件。");
  } else {
    add(v1::DELIVERY_OUTCOME_PASSES, "The subscription has acknowledged it.", "该订阅已确认。");
  }
  step->set_ahead(lag.sought_found ? lag.ahead_of_sought : 0);
  if (subscription.acknowledged_at.has_value()) {
    *step->mutable_at() = ToProto(*subscription.acknowledged_at);
  }
}

}  // namespace supervision::rpc
