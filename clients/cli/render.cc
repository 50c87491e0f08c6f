#include "clients/cli/render.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "clients/cli/lines.h"
#include "clients/cli/names.h"
#include "clients/cli/render_group.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

// As wide as the longest name in each language.
constexpr size_t kScenarioColumnsChinese = 30;
constexpr size_t kScenarioColumnsEnglish = 42;
constexpr size_t kRiskColumns = 13;

absl::Time ToAbsl(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

Style StyleOf(v1::Risk risk) {
  switch (risk) {
    case v1::RISK_LOW:
      return Style::kYellow;
    case v1::RISK_MEDIUM:
      return Style::kOrange;
    case v1::RISK_HIGH:
      return Style::kRed;
    default:
      return Style::kPlain;
  }
}

Text ColorName(v1::Risk risk) {
  switch (risk) {
    case v1::RISK_LOW:
      return {"yellow", "黄"};
    case v1::RISK_MEDIUM:
      return {"orange", "橙"};
    case v1::RISK_HIGH:
      return {"red", "红"};
    default:
      return {"?", "？"};
  }
}

std::string RiskWords(Session& session, v1::Risk risk) {
  if (risk == v1::RISK_UNSPECIFIED) return "-";  // out of scope
  return session.Say(ColorName(risk)) + " " + WordOf(risk);
}

Text StateName(v1::AlertState state) {
  switch (state) {
    case v1::ALERT_STATE_OPEN:
      return {"open", "待处理"};
    case v1::ALERT_STATE_ACKNOWLEDGED:
      return {"acknowledged", "已签收"};
    case v1::ALERT_STATE_RESOLVED:
      return {"resolved", "已办结"};
    default:
      return {"-", "-"};
  }
}

Text OutcomeName(v1::AlertOutcome outcome) {
  switch (outcome) {
    case v1::ALERT_OUTCOME_HANDLED:
      return {"handled", "已处置"};
    case v1::ALERT_OUTCOME_TRANSFERRED:
      return {"transferred", "已移送"};
    case v1::ALERT_OUTCOME_UNFOUNDED:
      return {"unfounded", "查否"};
    case v1::ALERT_OUTCOME_DUPLICATE:
      return {"duplicate", "重复"};
    case v1::ALERT_OUTCOME_NOT_SUPERVISION:
      return {"no matter of supervision", "不属监督"};
    default:
      return {"", ""};
  }
}

bool IsStep(v1::AlertKind kind) {
  return kind >= v1::ALERT_KIND_ACKNOWLEDGED && kind <= v1::ALERT_KIND_REOPENED;
}

// What was done with an alert, by whom: "acknowledged by li until 2025-03-12 18:00:00".
std::string StepWords(Session& session, v1::AlertKind kind, const v1::AlertHandling& handling) {
  const std::string by = handling.changed_by().empty()
                             ? ""
                             : session.Say({" by ", "，"}) + Printable(handling.changed_by());
  switch (kind) {
    case v1::ALERT_KIND_ACKNOWLEDGED:
      return session.Say({"acknowledged", "已签收"}) + by +
             (handling.has_acknowledged_until()
                  ? session.Say({" until ", "，至 "}) + TimeText(handling.acknowledged_until())
                  : "");
    case v1::ALERT_KIND_UNACKNOWLEDGED:
      return session.Say({"acknowledgement taken back", "签收已撤销"}) + by;
    case v1::ALERT_KIND_ACKNOWLEDGEMENT_EXPIRED:
      return session.Say({"open again: the acknowledgement is over", "签收到期，重新待处理"});
    case v1::ALERT_KIND_ASSIGNED:
      return session.Say({"assigned to ", "承办人 "}) + Printable(handling.owner()) + by;
    case v1::ALERT_KIND_RESOLVED:
      return session.Say({"resolved, ", "已办结，"}) +
             session.Say(OutcomeName(handling.outcome())) + by;
    case v1::ALERT_KIND_REOPENED:
      return session.Say({"reopened", "重新打开"}) + by;
    default:
      return WordOf(kind) + by;
  }
}

// What is unusual about an alert, before its title.
std::string Mark(Session& session, const v1::Alert& alert) {
  if (IsStep(alert.kind())) {
    return "[" + StepWords(session, alert.kind(), alert.handling()) + "] ";
  }
  const std::string version = "v" + std::to_string(alert.clue_version());
  switch (alert.kind()) {
    case v1::ALERT_KIND_CLUE_RECEIVED:
      return alert.provisional() ? session.Say({"[provisional] ", "[待复核] "}) : "";
    case v1::ALERT_KIND_REVIEW_NEEDED:
      return session.Say({"[review needed] ", "[需人工复核] "});
    case v1::ALERT_KIND_CLUE_REVISED:
      return session.Say({"[revised ", "[已修订 "}) + version + "] ";
    case v1::ALERT_KIND_CLUE_WITHDRAWN:
      return session.Say({"[withdrawn] ", "[已撤回] "});
    case v1::ALERT_KIND_RECLASSIFIED:
      return session.Say({"[reclassified] ", "[已更正] "});
    case v1::ALERT_KIND_CONFIRMED:
      return session.Say({"[confirmed] ", "[已确认] "});
    case v1::ALERT_KIND_GROUPED:
      return session.Say({"[grouped] ", "[合并提示] "});
    case v1::ALERT_KIND_THRESHOLD_REACHED:
      return session.Say({"[threshold reached] ", "[达到阈值] "});
    case v1::ALERT_KIND_RISK_RAISED:
      return session.Say({"[risk raised] ", "[风险升级] "});
    case v1::ALERT_KIND_SAME_MATTER:
      return session.Say({"[same matter] ", "[同一事项] "});
    default:
      return "[" + WordOf(alert.kind()) + "] ";
  }
}

std::string UnitText(const v1::ReportedUnit& unit) {
  const std::string name = Printable(unit.name());
  if (unit.credit_code().empty()) return name.empty() ? "-" : name;
  return name.empty() ? Printable(unit.credit_code())
                      : name + " (" + Printable(unit.credit_code()) + ")";
}

template <typename List>
std::string Joined(const List& list, const std::string& separator) {
  std::string text;
  for (const auto& entry : list) {
    if (!text.empty()) text += separator;
    text += Printable(entry);
  }
  return text;
}

std::string Reasons(Session& session,
                    const google::protobuf::RepeatedPtrField<v1::RiskReason>& reasons) {
  std::string text;
  for (const auto& reason : reasons) {
    if (!text.empty()) text += "; ";
    const bool chinese = session.language() == Language::kChinese;
    text += absl::StrFormat("%+d %s (%s)", reason.points(),
                            Printable(chinese ? reason.text_zh() : reason.text_en()),
                            Printable(reason.code()));
  }
  return text;
}

std::string ScenarioText(Session& session, v1::Scenario scenario, float confidence) {
  return absl::StrFormat("%s (%s), %.2f", session.ScenarioName(scenario), WordOf(scenario),
                         confidence);
}

std::string SecondText(Session& session, v1::Scenario scenario) {
  return scenario == v1::SCENARIO_UNSPECIFIED
             ? ""
             : session.ScenarioName(scenario) + " (" + WordOf(scenario) + ")";
}

// What stands instead of the machine's verdict, since when, by whom and why.
std::string CorrectionWords(Session& session, const v1::Correction& correction) {
  std::string words = session.ScenarioName(correction.verdict().scenario()) + ", " +
                      RiskWords(session, correction.verdict().risk()) + "  " +
                      TimeText(correction.made_at());
  if (!correction.author().empty()) words += "  " + Printable(correction.author());
  if (correction.by() == v1::CORRECTED_BY_SYSTEM) words += session.Say({"  system", "  系统"});
  if (!correction.reason().empty()) words += "  " + Printable(correction.reason());
  return words;
}

}  // namespace

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", ToAbsl(timestamp), absl::LocalTimeZone());
}

std::string ClockText(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%H:%M:%S", ToAbsl(timestamp), absl::LocalTimeZone());
}

std::string RiskText(Session& session, v1::Risk risk) {
  return session.InStyle(RiskWords(session, risk), StyleOf(risk));
}

std::string AlertLine(Session& session, const v1::AlertUpdate& update, const LinePlace& place) {
  const std::string under = place.under ? "└ " : "";
  if (update.has_left()) {
    return under +
           session.InStyle(session.Say({"left the view: alert ", "已移出视野：预警 "}) +
                               Printable(update.left().alert_id()) + " v" +
                               std::to_string(update.left().version()),
                           Style::kDim) +
           "\n";
  }
  const v1::Alert& alert = update.alert();
  std::string line = session.InStyle(ClockText(alert.raised_at()), Style::kDim) + "  ";
  line += Padded(under + session.ScenarioName(alert.scenario()),
                 session.language() == Language::kChinese ? kScenarioColumnsChinese
                                                          : kScenarioColumnsEnglish) +
          "  ";
  line += session.InStyle(Padded(RiskWords(session, alert.risk()), kRiskColumns) + "  ",
                          StyleOf(alert.risk()));
  if (!place.same_unit) line += UnitText(alert.reported_unit()) + "  ";
  line += Mark(session, alert);
  if (alert.projection() == v1::PROJECTION_WITHHELD) {
    line += session.Say({"(secret: text withheld)", "（保密件，不显示正文）"});
  } else {
    line += session.InStyle(Printable(alert.title()), Style::kBold);
    if (IsStep(alert.kind())) {
      // The passages were told when the clue was.
      if (!alert.handling().note().empty())
        line += "  “" + Printable(alert.handling().note()) + "”";
    } else if (!alert.why().empty()) {
      line += "  ← " + Joined(alert.why(), " / ");
    } else if (alert.group().links_size() > 0) {
      line += "  ← " + PartnersText(session, alert.group());
    }
  }
  return line + "\n";
}

std::string StateText(Session& session, v1::AlertState state) {
  return session.Say(StateName(state));
}

std::string AlertReceiptText(Session& session, const v1::AlertReceipt& receipt) {
  const v1::AlertHandling& handling = receipt.handling();
  return Lines(session)
      .Add({"alert", "预警"},
           Printable(receipt.alert_id()) + " v" + std::to_string(receipt.version()))
      .Add({"state", "状态"}, StateText(session, receipt.state()))
      .Add({"outcome", "办结结果"}, session.Say(OutcomeName(handling.outcome())))
      .Add({"until", "签收至"},
           handling.has_acknowledged_until() ? TimeText(handling.acknowledged_until()) : "")
      .Add({"owner", "承办人"}, Printable(handling.owner()))
      .Add({"etag", "etag"}, Printable(receipt.etag()))
      .text();
}

std::string AlertChangeText(Session& session, const v1::AlertChange& change) {
  std::string line = "v" + std::to_string(change.version()) + "  " +
                     TimeText(change.handling().changed_at()) + "  " +
                     StepWords(session, change.kind(), change.handling());
  if (!change.handling().note().empty()) line += "  “" + Printable(change.handling().note()) + "”";
  return line + "\n";
}

std::string VerdictText(Session& session, const v1::Verdict& verdict) {
  return Lines(session)
      .Add({"scenario", "子场景"}, ScenarioText(session, verdict.scenario(), verdict.confidence()))
      .Add({"second", "第二判读"}, SecondText(session, verdict.secondary_scenario()))
      .Add({"risk", "风险等级"},
           RiskText(session, verdict.risk()) + (verdict.risk() == v1::RISK_UNSPECIFIED
                                                    ? ""
                                                    : ", " + std::to_string(verdict.risk_score())))
      .Add({"because", "定级依据"}, Reasons(session, verdict.risk_reasons()))
      .Add({"problem codes", "问题代码"}, Joined(verdict.problem_codes(), ", "))
      .Add({"review", "复核"}, verdict.needs_review() ? session.Say({"needed", "需人工复核"}) : "")
      .Add({"rules", "规则版本"}, Printable(verdict.rules_version()))
      .text();
}

std::string ReceiptText(Session& session, const v1::ClueReceipt& receipt) {
  if (receipt.clue_id().empty()) return VerdictText(session, receipt.verdict());  // validate_only
  std::string durability = WordOf(receipt.durability().level());
  if (receipt.durability().replicas() > 0) {
    durability += " +" + std::to_string(receipt.durability().replicas());
  }
  return Lines(session)
             .Add({"clue", "线索"},
                  Printable(receipt.clue_id()) + " v" + std::to_string(receipt.version()))
             .Add({"etag", "etag"}, Printable(receipt.etag()))
             .Add({"alert", "预警"}, Printable(receipt.alert_id()))
             .Add({"accepted", "接收时间"}, TimeText(receipt.accepted_at()))
             .Add({"durability", "持久化"}, durability)
             .text() +
         VerdictText(session, receipt.verdict());
}

std::string ClueText(Session& session, const v1::Clue& clue) {
  const v1::ClueContent& content = clue.content();
  return Lines(session)
             .Add({"clue", "线索"}, Printable(clue.id()) + " v" + std::to_string(clue.version()) +
                                        (clue.state() == v1::CLUE_STATE_WITHDRAWN
                                             ? session.Say({", withdrawn", "，已撤回"})
                                             : ""))
             .Add({"etag", "etag"}, Printable(clue.etag()))
             .Add({"alert", "预警"}, Printable(clue.alert_id()))
             .Add({"state", "状态"}, clue.alert_state() == v1::ALERT_STATE_UNSPECIFIED
                                         ? ""
                                         : StateText(session, clue.alert_state()))
             .Add({"owner", "承办人"}, Printable(clue.alert_handling().owner()))
             .Add({"history", "历史数据"},
                  clue.backfill() ? session.Say({"alerted nobody", "未触发预警"}) : "")
             .Add({"partner", "来源单位"}, Printable(clue.partner()))
             .Add({"record", "来源记录"}, Printable(content.source_record_id()))
             .Add({"received", "接收时间"}, TimeText(clue.received_at()))
             .Add({"changed", "变更时间"}, TimeText(clue.changed_at()))
             .Add({"why withdrawn", "撤回原因"}, Printable(clue.withdraw_reason()))
             .Add({"region", "区划代码"}, Printable(content.region_code()))
             .Add({"unit", "责任单位"}, UnitText(content.reported_unit()))
             .text() +
         VerdictText(session, clue.verdict()) +
         Lines(session)
             .Add({"corrected", "更正为"},
                  clue.has_correction() ? CorrectionWords(session, clue.correction()) : "")
             .Add({"title", "标题"},
                  MarkedText(session, clue.verdict(), v1::TEXT_PART_TITLE, content.title()))
             .Add({"content", "内容"},
                  MarkedText(session, clue.verdict(), v1::TEXT_PART_CONTENT, content.content()))
             .text();
}

std::string VersionText(Session& session, const v1::ClueVersion& version) {
  std::string line =
      "v" + std::to_string(version.version()) + "  " + TimeText(version.changed_at()) + "  " +
      ScenarioText(session, version.verdict().scenario(), version.verdict().confidence()) + "  " +
      RiskText(session, version.verdict().risk());
  if (version.state() == v1::CLUE_STATE_WITHDRAWN) {
    line += session.Say({"  withdrawn", "  已撤回"});
  }
  if (version.has_correction()) line += "  → " + CorrectionWords(session, version.correction());
  return line + "\n";
}

std::string AlertText(Session& session, const v1::Alert& alert) {
  v1::AlertUpdate update;
  *update.mutable_alert() = alert;
  return AlertLine(session, update) +
         Lines(session)
             .Add({"alert", "预警"}, Printable(alert.id()) + " v" + std::to_string(alert.version()))
             // A route's is about several.
             .Add({"clue", "线索"},
                  alert.clue_id().empty()
                      ? ""
                      : Printable(alert.clue_id()) + " v" + std::to_string(alert.clue_version()))
             .Add({"state", "状态"}, StateText(session, alert.state()))
             .Add({"owner", "承办人"}, Printable(alert.handling().owner()))
             .Add({"etag", "etag"}, Printable(alert.etag()))
             .Add({"partner", "来源单位"}, Printable(alert.partner()))
             .Add({"region", "区划代码"}, Printable(alert.region_code()))
             .Add({"received", "接收时间"}, TimeText(alert.received_at()))
             .Add({"raised", "预警时间"}, TimeText(alert.raised_at()))
             .Add({"scenario", "子场景"},
                  ScenarioText(session, alert.scenario(), alert.confidence()))
             .Add({"second", "第二判读"}, SecondText(session, alert.secondary_scenario()))
             .Add({"because", "定级依据"}, Reasons(session, alert.risk_reasons()))
             .Add({"problem codes", "问题代码"}, Joined(alert.problem_codes(), ", "))
             .text() +
         (alert.has_group() ? MemberLines(session, alert.group()) : "");
}

std::string MarkedText(Session& session, const v1::Verdict& verdict, v1::TextPart part,
                       const std::string& text) {
  // Spans may overlap: each code point is marked or not.
  std::vector<bool> marked;
  for (const auto& span : verdict.evidence()) {
    if (span.part() != part || span.end() <= span.begin()) continue;
    const size_t end = std::min<size_t>(span.end(), text.size());
    if (marked.size() < end) marked.resize(end);
    for (size_t i = span.begin(); i < end; ++i) marked[i] = true;
  }
  std::string result;
  std::string run;
  bool inside = false;
  const auto flush = [&] {
    const std::string safe = Printable(run);
    result += !inside           ? safe
              : session.color() ? session.InStyle(safe, Style::kMarked)
                                : "【" + safe + "】";
    run.clear();
  };
  size_t index = 0;
  for (size_t at = 0; at < text.size(); ++index) {
    const size_t bytes = DecodeAt(text, at).bytes;
    const bool mark = index < marked.size() && marked[index];
    if (mark != inside) {
      flush();
      inside = mark;
    }
    run += text.substr(at, bytes);
    at += bytes;
  }
  flush();
  return result;
}

std::string EvidenceText(const v1::Verdict& verdict, const std::string& title,
                         const std::string& content) {
  std::string text;
  for (const auto& span : verdict.evidence()) {
    const std::string& source = span.part() == v1::TEXT_PART_TITLE ? title : content;
    text += "  “" + Printable(CodePoints(source, span.begin(), span.end())) + "”  " +
            Printable(span.rule_id());
    if (span.scenario() != v1::SCENARIO_UNSPECIFIED) text += " → " + WordOf(span.scenario());
    text += "\n";
  }
  return text;
}

}  // namespace supervision::cli
