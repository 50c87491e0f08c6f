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

void Word(const SurgeRule& rule, domain::AlertGroup* group) {
  const std::string usual = Figure(group->usual);
  const std::string times = group->usual > 0 ? Figure(group->measured) : "";
  group->arithmetic_zh = absl::StrCat(
      "近", LengthText(rule.window, true), "共", group->total, "条线索；此前", rule.baseline,
      "个同样时段的中位数为", usual, times.empty() ? "" : absl::StrCat("，为其", times, "倍"),
      "（达到", Figure(rule.factor), "倍且不少于", rule.at_least, "条即预警）");
  group->arithmetic_en =
      absl::StrCat(group->total, " clues in the last ", LengthText(rule.window, false),
                   "; the median of the ", rule.baseline, " such times before is ", usual,
                   times.empty() ? "" : absl::StrCat(", ", times, " times as many"), " (told from ",
                   Figure(rule.factor), " times and ", rule.at_least, " clues on)");
}

void Word(const RaiseRule& rule, domain::AlertGroup* group, int own, int added) {
  const int64_t others = group->total - 1;
  group->arithmetic_zh =
      absl::StrCat("本条", own, "分；", LengthText(rule.window, true), "内另有", others, "条，加",
                   added, "分（每条", rule.points_each, "分，至多", rule.points_most, "分",
                   rule.free > 0 ? absl::StrCat("，前", rule.free, "条不计") : "", "），合计",
                   own + added, "分");
  group->arithmetic_en = absl::StrCat(
      own, " points of its own; ", others, " others within ", LengthText(rule.window, false),
      " add ", added, " (", rule.points_each, " each, at most ", rule.points_most,
      rule.free > 0 ? absl::StrCat(", the first ", rule.free, " not counted") : "",
      "): ", own + added);
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
