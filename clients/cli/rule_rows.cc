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

void NoteMistakes(const Session& session, const v1::RuleSetStatus& rules) {
  if (rules.last_attempt().result() != v1::RELOAD_RESULT_REJECTED) return;
  session.Note(session.Say({"the files of the rules were rejected; the set before stays in force:",
                            "规则文件未通过检查，继续使用原有规则："}));
  for (const std::string& mistake : rules.last_attempt().mistakes()) {
    session.Note("  " + Printable(mistake));
  }
}

}  // namespace supervision::cli
