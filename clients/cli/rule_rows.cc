#include "clients/cli/rule_rows.h"

#include "absl/strings/str_cat.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"

namespace supervision::cli {

void AddRuleRows(Session& session, const v1::RuleSetStatus& rules, Table* table) {
  const auto row = [&](const Text& name, const std::string& value) {
    if (!value.empty()) table->Add({session.Say(name), value});
  };
  row({"catalogue", "场景目录版本"}, rules.catalogue_version());
  row({"rules", "规则版本"}, rules.rules_version());
  row({"digest of files", "文件摘要"}, rules.digest());
  if (rules.loaded()) row({"rules in force since", "规则生效时间"}, TimeText(rules.loaded_at()));
  if (!rules.has_last_attempt()) return;
  const v1::ReloadAttempt& last = rules.last_attempt();
  row({"last reload", "最近一次重载"},
      absl::StrCat(TimeText(last.at()), " ", WordOf(last.trigger()), " ", WordOf(last.result())));
  row({"reloads", "重载次数"},
      absl::StrCat(rules.loads(), " loaded, ", rules.rejections(), " rejected"));
}

void AddCandidateRows(Session& session, const v1::RuleSetStatus& candidate, Table* table) {
  const auto row = [&](const Text& name, const std::string& value) {
    table->Add({session.Say(name), value});
  };
  row({"candidate rules", "候选规则版本"},
      candidate.loaded() ? candidate.rules_version() : session.Say({"none", "无"}));
  if (!candidate.has_last_attempt()) return;
  const v1::ReloadAttempt& last = candidate.last_attempt();
  row({"candidate reload", "候选规则重载"},
      absl::StrCat(TimeText(last.at()), " ", WordOf(last.trigger()), " ", WordOf(last.result())));
}

namespace {

// Only the calendar has changed: nothing is refused for it.
void NoteLapsed(const Session& session, const v1::RuleSetStatus& rules, const Text& what) {
  if (rules.lapsed().empty()) return;
  session.Note(session.Say(what));
  for (const std::string& lapsed : rules.lapsed()) session.Note("  " + Printable(lapsed));
}

void NoteRejected(const Session& session, const v1::RuleSetStatus& rules, const Text& what) {
  if (rules.last_attempt().result() != v1::RELOAD_RESULT_REJECTED) return;
  session.Note(session.Say(what));
  for (const std::string& mistake : rules.last_attempt().mistakes()) {
    session.Note("  " + Printable(mistake));
  }
}

}  // namespace

void NoteMistakes(const Session& session, const v1::RuleSetStatus& rules) {
  NoteRejected(session, rules,
               {"the files of the rules were rejected; the set before stays in force:",
                "规则文件未通过检查，继续使用原有规则："});
  NoteLapsed(session, rules,
             {"the rules in force cite what has ended; verdicts are as before, mend the files:",
              "现行规则引用了已失效的内容，研判结果不受影响，请修正规则文件："});
}

void NoteCandidateMistakes(const Session& session, const v1::RuleSetStatus& candidate) {
  NoteRejected(session, candidate,
               {"the files of the candidate rules were rejected; it takes no new ones:",
                "候选规则文件未通过检查，未予采用："});
  NoteLapsed(session, candidate,
             {"the candidate rules cite what has ended:", "候选规则引用了已失效的内容："});
}

}  // namespace supervision::cli
