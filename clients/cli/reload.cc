#include <memory>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/rule_rows.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(The service compiles the files and tries the examples of the rules; only a set without a mistake is
put in force, whole and at once. It does the same by itself when a file changes, and on SIGHUP.

Exit code 0: the files are in force; 2: they have mistakes, which are listed, and the set before
stays.

Examples:
  supervisionctl reload
  supervisionctl reload --json | jq .last_attempt)";

int Reload(Session& session, bool json) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto answer = client->ReloadRules();
  if (!answer.ok()) return session.Fail(answer.status());
  const v1::RuleSetStatus& rules = answer->rules();
  if (json) {
    session.Print(ToJson(rules) + "\n");
  } else {
    Table table({session.Say({"WHAT", "项目"}), session.Say({"STATE", "状态"})});
    AddRuleRows(session, rules, &table);
    session.Print(table.Text());
  }
  NoteMistakes(session, rules);
  return rules.last_attempt().result() == v1::RELOAD_RESULT_REJECTED ? kRefused : kOk;
}

}  // namespace

void AddReload(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("reload", "Have the service read catalogue, rules and model again");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON");
  command->footer(kFooter);
  command->callback(
      [&session, &run, json] { run = [&session, json] { return Reload(session, *json); }; });
}

}  // namespace supervision::cli
