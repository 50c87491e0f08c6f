#include "services/combining/wording.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/domain/civil_date.h"

namespace supervision::combining {
namespace {

struct Unit {
  absl::Duration length;
  const char* chinese;
  const char* english;
};
const Unit kUnits[] = {{absl::Hours(24), "天", "day"},
                       {absl::Hours(1), "小时", "hour"},
                       {absl::Minutes(1), "分钟", "minute"},
                       {absl::Seconds(1), "秒", "second"}};

std::string Moment(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", time, domain::ChinaTime());
}

const char* Counted(const std::optional<GroupBy>& distinct, bool chinese) {
  if (!distinct.has_value()) return chinese ? "条线索" : " clues";
  switch (*distinct) {
    case GroupBy::kUnit:
      return chinese ? "个单位" : " units";
    case GroupBy::kRegion:
      return chinese ? "个地区" : " regions";
    case GroupBy::kScenario:
      return chinese ? "类子场景" : " scenarios";
    case GroupBy::kProblem:
      break;
  }
  return chinese ? "类问题" : " problems";
}

// How what an addend counts is called.
struct CountWords {
  const char* suffix;  // of the addend's code
  const char* before_zh;
  const char* measure_zh;
  const char* what_zh;
  const char* one_en;
  const char* many_en;
  const char* after_en;
};

CountWords WordsOf(Counts counts) {
  switch (counts) {
    case Counts::kPartners:
      return {":PARTNERS", "另有", "个", "来源单位", "other partner", "other partners", ""};
    case Counts::kRegions:
      return {":REGIONS", "另有", "个", "地区", "other region", "other regions", ""};
    case Counts::kUnits:
      return {":UNITS", "另有", "个", "单位", "other unit", "other units", ""};
    case Counts::kScenarios:
      return {":SCENARIOS", "另有", "类", "子场景", "other scenario", "other scenarios", ""};
    case Counts::kHandled:
      return {":HANDLED", "查实处置", "条", "", "other", "others", " found true and dealt with"};
    case Counts::kPersons:
      return {":PERSONS", "共涉及", "人", "", "person affected", "persons affected", ""};
    case Counts::kClues:
      break;
  }
  return {"", "另有", "条", "", "other", "others", ""};
}

const char* PartName(GroupBy by, bool chinese) {
  switch (by) {
    case GroupBy::kScenario:
      return chinese ? "子场景" : "scenario";
    case GroupBy::kUnit:
      return chinese ? "单位" : "unit";
    case GroupBy::kRegion:
      return chinese ? "地区" : "region";
    case GroupBy::kProblem:
      break;
  }
  return chinese ? "类问题" : "problem";
}

// 3 and 2.5: as short as it is exact to a tenth.
std::string Figure(double value) {
  return value == static_cast<double>(static_cast<int64_t>(value))
             ? absl::StrCat(static_cast<int64_t>(value))
             : absl::StrFormat("%.1f", value);
}

}  // namespace

std::string LengthText(absl::Duration length, bool chinese) {
  for (const Unit& unit : kUnits) {
    const int64_t count = length / unit.length;
    if (count * unit.length != length) continue;
    if (chinese) return absl::StrCat(count, unit.chinese);
    return absl::StrCat(count, " ", unit.english, count == 1 ? "" : "s");
  }
  return absl::FormatDuration(length);
}

void Word(const GroupRule&, domain::AlertGroup* group, int64_t fresh) {
  group->arithmetic_zh = absl::StrCat(Moment(group->from), "至", Moment(group->to), "共",
                                      group->total, "条线索，本次新增", fresh, "条");
  group->arithmetic_en = absl::StrCat(group->total, " clues from ", Moment(group->from), " to ",
                                      Moment(group->to), ", ", fresh, " of them new");
}

void Word(const ThresholdRule& rule, domain::AlertGroup* group) {
  const std::string measured = Figure(group->measured);
  group->arithmetic_zh =
      absl::StrCat(LengthText(rule.window, true), "内", measured, Counted(rule.distinct, true),
                   rule.distinct.has_value() ? absl::StrCat("（共", group->total, "条线索）") : "",
                   "，达到", rule.at_least, Counted(rule.distinct, true), "的阈值；",
                   Moment(group->from), "至", Moment(group->to));
  group->arithmetic_en =
      absl::StrCat(measured, Counted(rule.distinct, false),
                   rule.distinct.has_value() ? absl::StrCat(" (", group->total, " clues)") : "",
                   " within ", LengthText(rule.window, false), ", the threshold is ", rule.at_least,
                   "; ", Moment(group->from), " to ", Moment(group->to));
}

void Word(const SurgeRule& rule, int known, domain::AlertGroup* group) {
  const bool all = known == rule.baseline;
  const std::string usual = Figure(group->usual);
  const std::string times = group->usual > 0 ? Figure(group->measured) : "";
  group->arithmetic_zh = absl::StrCat(
      "近", LengthText(rule.window, true), "共", group->total, "条线索；此前", known, "个同样时段",
      all ? "" : absl::StrCat("（应有", rule.baseline, "个，更早的尚无记录）"), "的中位数为", usual,
      times.empty() ? "" : absl::StrCat("，为其", times, "倍"), "（达到", Figure(rule.factor),
      "倍且不少于", rule.at_least, "条即预警）");
  group->arithmetic_en =
      absl::StrCat(group->total, " clues in the last ", LengthText(rule.window, false),
                   "; the median of the ", known, " such times before",
                   all ? "" : absl::StrCat(" (of ", rule.baseline, ", earlier ones are not known)"),
                   " is ", usual, times.empty() ? "" : absl::StrCat(", ", times, " times as many"),
                   " (told from ", Figure(rule.factor), " times and ", rule.at_least, " clues on)");
}

domain::RiskReason ReasonOf(const Route& route, const RaiseAddend& addend, int64_t others,
                            bool at_least, int points) {
  const CountWords words = WordsOf(addend.counts);
  // Which others count is said where it is not what the alert is about anyway.
  std::string same_zh, same_en;
  if (addend.by != route.by || addend.counts == Counts::kHandled) {
    for (const GroupBy by : addend.by) {
      absl::StrAppend(&same_zh, same_zh.empty() ? "同" : "、同", PartName(by, true));
      absl::StrAppend(&same_en, same_en.empty() ? " of the same " : " and ", PartName(by, false));
    }
  }
  const bool free = addend.free > 0;
  domain::RiskReason reason;
  reason.code = absl::StrCat("ROUTE:", route.id, words.suffix);
  reason.points = points;
  reason.chinese = absl::StrCat(
      LengthText(addend.window, true), "内", same_zh, words.before_zh, at_least ? "不少于" : "",
      others, words.measure_zh, words.what_zh, "，加", points, "分（每", words.measure_zh,
      addend.points_each, "分，至多", addend.points_most, "分",
      free ? absl::StrCat("，前", addend.free, words.measure_zh, "不计") : "", "）");
  reason.english =
      absl::StrCat(at_least ? "at least " : "", others, " ",
                   others == 1 ? words.one_en : words.many_en, same_en, words.after_en, " within ",
                   LengthText(addend.window, false), others == 1 ? " adds " : " add ", points, " (",
                   addend.points_each, " each, at most ", addend.points_most,
                   free ? absl::StrCat(", the first ", addend.free, " not counted") : "", ")");
  return reason;
}

void Word(const std::vector<domain::RiskReason>& reasons, domain::AlertGroup* group) {
  int sum = 0;
  for (const domain::RiskReason& reason : reasons) {
    const bool first = &reason == &reasons.front();
    sum += reason.points;
    absl::StrAppend(&group->arithmetic_zh, first ? absl::StrCat("本条", reason.points, "分")
                                                 : absl::StrCat("；", reason.chinese));
    absl::StrAppend(&group->arithmetic_en, first ? absl::StrCat(reason.points, " points of its own")
                                                 : absl::StrCat("; ", reason.english));
  }
  absl::StrAppend(&group->arithmetic_zh, "，合计", sum, "分");
  absl::StrAppend(&group->arithmetic_en, ": ", sum);
}

void Word(const LinkRule&, domain::AlertGroup* group, int64_t partners, int64_t gone) {
  int64_t numbers = 0;
  int64_t texts = 0;
  for (const domain::AlertGroup::Link& link : group->links) {
    numbers += static_cast<int64_t>(link.by == domain::LinkBy::kNumber);
    texts += static_cast<int64_t>(link.by == domain::LinkBy::kText);
  }
  group->arithmetic_zh =
      absl::StrCat("来自", partners, "个来源单位的", group->total,
                   "条线索反映同一事项：文号或案号相同", numbers, "条，同一单位同一县内文字相近",
                   texts, "条", gone > 0 ? absl::StrCat("；另有", gone, "条已不属于本事项") : "");
  group->arithmetic_en = absl::StrCat(
      group->total, " clues of ", partners, partners == 1 ? " partner" : " partners",
      " about one matter: ", numbers, " with the number of the same document or case, ", texts,
      " with nearly the same text about the same organ of the county",
      gone > 0 ? absl::StrCat("; ", gone, " told before belong to it no longer") : "");
}

void WordProvisional(int64_t year, domain::AlertGroup* group) {
  absl::StrAppend(&group->arithmetic_zh, "；日历尚无", year,
                  "年的节假日安排，推送时间按周末推算（暂定）");
  absl::StrAppend(&group->arithmetic_en, "; the calendar does not know ", year,
                  ", when it was told is provisional: by weekends only");
}

std::string TitleOf(const domain::AlertGroup& group) {
  std::string title = group.title_zh;
  std::string_view before = "：";
  for (const domain::AlertGroup::KeyPart& part : group.key) {
    absl::StrAppend(&title, std::string(before), part.value);
    before = "、";
  }
  return title;
}

}  // namespace supervision::combining
