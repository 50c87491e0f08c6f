#include "services/classification/explanation_text.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/classification/utf8.h"

namespace supervision::classification {
namespace {

using domain::Passage;
using domain::RunnerUpReason;
using domain::ScopeReason;
using domain::ToldBefore;

constexpr uint32_t kLongestQuote = 30;  // code points

std::string Quote(const Input& input, const Passage& passage) {
  const std::string_view text =
      passage.part == domain::TextPart::kTitle ? input.title : input.content;
  size_t at = 0;
  uint32_t number = 0;
  for (; at < text.size() && number < passage.begin; ++number) {
    DecodeUtf8(text, &at);
  }
  const size_t begin = at;
  const uint32_t end = std::min(passage.end, passage.begin + kLongestQuote);
  for (; at < text.size() && number < end; ++number) {
    DecodeUtf8(text, &at);
  }
  return absl::StrCat("“", std::string(text.substr(begin, at - begin)),
                      end < passage.end ? "…" : "", "”");
}

std::string Quotes(const Input& input, const std::vector<domain::EvidenceSpan>& spans,
                   std::string_view separator) {
  return absl::StrJoin(spans, std::string(separator),
                       [&](std::string* out, const domain::EvidenceSpan& span) {
                         out->append(Quote(input, {span.part, span.begin, span.end}));
                       });
}

const ScenarioEntry* EntryOf(const Catalogue& catalogue, domain::Scenario scenario) {
  for (const ScenarioEntry& entry : catalogue.scenarios) {
    if (entry.number == static_cast<int32_t>(scenario)) {
      return &entry;
    }
  }
  return nullptr;  // a catalogue holds every class
}

void WriteScope(const Input& input, ScopeReason* scope) {
  std::string chinese = absl::StrFormat(
      "%s（%.2f）。", scope->in ? "属于法治监督线索" : "不属于法治监督线索", scope->confidence);
  std::string english = absl::StrFormat(
      "%s (%.2f).", scope->in ? "A supervision clue" : "No supervision clue", scope->confidence);
  const auto add = [&](const std::string& zh, const std::string& en) {
    absl::StrAppend(&chinese, zh, "。");
    absl::StrAppend(&english, " ", en, ".");
  };
  if (scope->sentence.given()) {
    const std::string quoted = Quote(input, scope->sentence);
    add(absl::StrCat("主要依据：", quoted), absl::StrCat("Mainly by: ", quoted));
  }
  if (scope->blamed.given()) {
    const std::string organ = Quote(input, scope->blamed);
    if (scope->in) {
      add(absl::StrCat("所指机关：", organ), absl::StrCat("Blamed: ", organ));
    } else {
      add(absl::StrCat("虽提到", organ, "，但看不出指其作为或不作为有误"),
          absl::StrCat("It mentions ", organ, ", but does not plainly blame an act or omission"));
    }
  } else {
    add("文中未指明机关", "It names no organ");
  }
  if (scope->in && scope->act.given()) {
    const std::string act = Quote(input, scope->act);
    add(absl::StrCat("所指行为：", act), absl::StrCat("For: ", act));
  }
  switch (scope->told_before) {
    case ToldBefore::kInVain:
      add("此前反映过，未见结果", "Told before, in vain");
      break;
    case ToldBefore::kTold:
      add("此前反映过", "Told before");
      break;
    case ToldBefore::kNotSaid:
      add("未提到此前反映过", "It tells of no earlier report");
      break;
    case ToldBefore::kUnspecified:
      break;
  }
  scope->chinese = std::move(chinese);
  scope->english = std::move(english);
}

void WriteProblem(const Input& input, const Problem& problem, domain::ProblemReason* reason) {
  const bool learnt = reason->probability > 0;
  const std::string sure = learnt ? absl::StrFormat("%.2f", reason->probability) : "";
  std::string chinese = absl::StrCat("体现", problem.code, problem.name_zh,
                                     learnt ? absl::StrCat("（", sure, "）") : "");
  std::string english = absl::StrCat("It shows ", problem.code, ", ", problem.name_en,
                                     learnt ? absl::StrCat(" (", sure, ")") : "");
  if (!reason->passages.empty()) {
    absl::StrAppend(&chinese, "：", Quotes(input, reason->passages, "、"));
    absl::StrAppend(&english, ": ", Quotes(input, reason->passages, ", "));
  }
  reason->chinese = absl::StrCat(chinese, "。");
  reason->english = absl::StrCat(english, ".");
}

}  // namespace

void WriteSentences(const Input& input, const Catalogue& catalogue,
                    const std::vector<Problem>& problems, float confidence,
                    domain::Explanation* explanation) {
  WriteScope(input, &explanation->scope);
  for (domain::ProblemReason& reason : explanation->problems) {
    const auto known = std::find_if(problems.begin(), problems.end(), [&](const Problem& problem) {
      return problem.code == reason.code;
    });
    if (known != problems.end()) WriteProblem(input, *known, &reason);
  }
  domain::RunnerUp& second = explanation->runner_up;
  const ScenarioEntry* const winner = EntryOf(catalogue, explanation->scenario);
  const ScenarioEntry* const other = EntryOf(catalogue, second.scenario);
  if (winner == nullptr || other == nullptr) {
    return;
  }
  std::string chinese = absl::StrFormat("判为%s（%.2f）而非%s（%.2f）：", winner->name_zh,
                                        confidence, other->name_zh, second.confidence);
  std::string english = absl::StrFormat("%s (%.2f) rather than %s (%.2f): ", winner->name_en,
                                        confidence, other->name_en, second.confidence);
  const bool some = !second.for_verdict.empty();
  const std::string for_zh = Quotes(input, second.for_verdict, "、");
  const std::string for_en = Quotes(input, second.for_verdict, ", ");
  switch (second.reason) {
    case RunnerUpReason::kInstrument:
      absl::StrAppend(&chinese, "有前者的文书或案号");
      absl::StrAppend(&english, "a formal paper of the former is named");
      break;
    case RunnerUpReason::kPrecedence:
      if (second.scenario == domain::Scenario::kOutOfScope) {
        absl::StrAppend(&chinese, "属监督范围的各类合计可能性更大，存疑不排除");
        absl::StrAppend(&english, "together the classes in scope are likelier than the latter");
      } else {
        absl::StrAppend(&chinese, "两者相当，按优先次序取前者");
        absl::StrAppend(&english, "as good as even, the order of precedence decides");
      }
      break;
    case RunnerUpReason::kNoPassage:
      absl::StrAppend(&chinese, some ? absl::StrCat(for_zh, "支持前者，") : "",
                      "文中没有支持后者的表述");
      absl::StrAppend(&english, some ? absl::StrCat("for the former ", for_en, "; ") : "",
                      "nothing in the text speaks for the latter");
      break;
    case RunnerUpReason::kWeaker:
    case RunnerUpReason::kUnspecified:
      absl::StrAppend(&chinese, some ? absl::StrCat(for_zh, "支持前者，强于") : "仅有",
                      "支持后者的", Quotes(input, second.for_runner_up, "、"));
      absl::StrAppend(
          &english,
          some ? absl::StrCat("for the former ", for_en, ", more than ") : "there is only ",
          "for the latter ", Quotes(input, second.for_runner_up, ", "));
      break;
  }
  second.chinese = absl::StrCat(chinese, "。");
  second.english = absl::StrCat(english, ".");
}

}  // namespace supervision::classification
