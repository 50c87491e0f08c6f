#include "clients/cli/why.h"

#include "clients/cli/names.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

using Spans = google::protobuf::RepeatedPtrField<v1::EvidenceSpan>;

std::string PassageLines(const Spans& spans, v1::Scenario scenario, const std::string& title,
                         const std::string& content) {
  std::string text;
  for (const v1::EvidenceSpan& span : spans) {
    const std::string& source = span.part() == v1::TEXT_PART_TITLE ? title : content;
    text += "  “" + Printable(CodePoints(source, span.begin(), span.end())) + "”  " +
            Printable(span.rule_id()) + " → " + WordOf(scenario) + "\n";
  }
  return text;
}

// Versions and classes may have changed since a verdict was made.
std::string ChangeNote(Session& session, const v1::Explanation& explanation,
                       const v1::Verdict& verdict) {
  if (explanation.scenario() != verdict.scenario()) {
    return session.Say(
               {"The rules in force would sort it otherwise: ", "按现行规则，该线索会另作研判："}) +
           session.ScenarioName(explanation.scenario()) + " (" + WordOf(explanation.scenario()) +
           "), " + Printable(explanation.rules_version()) + "\n";
  }
  if (explanation.rules_version() != verdict.rules_version()) {
    return session.Say({"Explained by later rules: ", "按后来的规则说明："}) +
           Printable(explanation.rules_version()) + "\n";
  }
  return "";
}

}  // namespace

std::string WhyText(Session& session, const v1::Explanation& explanation,
                    const v1::Verdict& verdict, const std::string& title,
                    const std::string& content) {
  const bool chinese = session.language() == Language::kChinese;
  const v1::ScopeReason& scope = explanation.scope();
  const v1::RunnerUp& second = explanation.runner_up();
  std::string problems;
  for (const v1::ProblemReason& problem : explanation.problems()) {
    problems += Printable(chinese ? problem.text_zh() : problem.text_en()) + "\n";
  }
  return ChangeNote(session, explanation, verdict) +
         Printable(chinese ? scope.text_zh() : scope.text_en()) + "\n" + problems +
         Printable(chinese ? second.text_zh() : second.text_en()) + "\n" +
         PassageLines(second.for_verdict(), explanation.scenario(), title, content) +
         PassageLines(second.for_runner_up(), second.scenario(), title, content);
}

}  // namespace supervision::cli
