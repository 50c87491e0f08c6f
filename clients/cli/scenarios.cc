#include <memory>
#include <string>

#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] = R"(Examples:
  supervisionctl scenarios --lang zh
  supervisionctl scenarios --json | jq -r .code)";

int Scenarios(Session& session, bool json) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto response = client->ListScenarios();
  if (!response.ok()) return session.Fail(response.status());
  if (json) {
    for (const auto& scenario : response->scenarios()) session.Print(ToJson(scenario) + "\n");
    return kOk;
  }
  const bool chinese = session.language() == Language::kChinese;
  Table table({session.Say({"CODE", "代码"}), session.Say({"NAME", "名称"}),
               session.Say({"OWNERS", "责任主体"}), session.Say({"WHAT BELONGS TO IT", "内容"})});
  for (const auto& scenario : response->scenarios()) {
    table.Add({scenario.code(), chinese ? scenario.name_zh() : scenario.name_en(),
               absl::StrJoin(scenario.owner_subjects(), ", "),
               chinese ? scenario.description_zh() : scenario.description_en()});
  }
  session.Print(table.Text());
  session.Note(session.Say({"catalogue ", "场景目录版本 "}) +
               Printable(response->catalogue_version()));
  return kOk;
}

}  // namespace

void AddScenarios(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("scenarios", "Show the catalogue of scenarios");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print one JSON object for each, with its legal basis");
  command->footer(kFooter);
  command->callback(
      [&session, &run, json] { run = [&session, json] { return Scenarios(session, *json); }; });
}

}  // namespace supervision::cli
