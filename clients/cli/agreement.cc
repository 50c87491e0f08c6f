#include "clients/cli/agreement.h"

#include <set>

#include "clients/cli/names.h"

namespace supervision::cli {

void Agreement::Add(const v1::CorrectedClue& clue) {
  const v1::Verdict& machine = clue.judged();
  const v1::Verdict& person = clue.correction().verdict();
  const bool same_class = machine.scenario() == person.scenario();
  const bool same_risk = same_class && machine.risk() == person.risk();
  const auto count = [&](Count& one) {
    one.clues += 1;
    one.same_class += same_class ? 1 : 0;
    one.same_risk += same_risk ? 1 : 0;
  };
  count(total_);
  count(by_reviewer_[clue.correction().author()]);
  count(by_class_[WordOf(machine.scenario())]);
  std::set<std::string> rules;
  for (const v1::EvidenceSpan& span : machine.evidence()) {
    if (span.scenario() == machine.scenario()) rules.insert(span.rule_id());
  }
  for (const std::string& rule : rules) count(by_rule_[rule]);
}

}  // namespace supervision::cli
