#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/rule_rows.h"
#include "clients/cli/table.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(The candidate is set by shadow.rules and shadow.model of server.yaml. It changes no verdict.

Examples:
  supervisionctl shadow
  supervisionctl shadow --limit 200 --json | jq -r '.differences[].clue_id')";

struct Flags {
  int limit = 50;
  bool json = false;
};

// "ADMIN_ENFORCEMENT HIGH review".
std::string ShortText(Session& session, const v1::Verdict& verdict) {
  return absl::StrCat(session.ScenarioName(verdict.scenario()), " ", WordOf(verdict.risk()),
                      verdict.needs_review() ? session.Say({" review", " 待复核"}) : "");
}

void Print(Session& session, const v1::ListShadowDifferencesResponse& answer) {
  Table state({session.Say({"WHAT", "项目"}), session.Say({"STATE", "状态"})});
  AddRuleRows(session, answer.candidate(), &state);
  const auto row = [&](const Text& name, int64_t count) {
    state.Add({session.Say(name), absl::StrCat(count)});
  };
  row({"compared", "已比较"}, answer.compared());
  row({"differing", "有差异"}, answer.differing());
  row({"  in scenario", "  子场景不同"}, answer.differing_scenario());
  row({"  in risk", "  风险等级不同"}, answer.differing_risk());
  row({"  in review", "  复核要求不同"}, answer.differing_review());
  row({"left out", "未及比较"}, answer.dropped());
  session.Print(state.Text());
  if (answer.differences().empty()) return;
  Table table({session.Say({"CLUE", "线索"}), session.Say({"COMPARED", "比较时间"}),
               session.Say({"LIVE", "现行"}), session.Say({"CANDIDATE", "候选"})});
  for (const v1::ShadowDifference& one : answer.differences()) {
    table.Add({one.clue_id(), TimeText(one.at()), ShortText(session, one.live()),
               ShortText(session, one.candidate())});
  }
  session.Print("\n" + table.Text());
}

int Shadow(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::ListShadowDifferencesRequest request;
  request.set_limit(flags.limit);
  const auto answer = client->ListShadowDifferences(request);
  if (!answer.ok()) return session.Fail(answer.status());
  if (flags.json) {
    session.Print(ToJson(*answer) + "\n");
  } else if (answer->configured()) {
    Print(session, *answer);
  }
  if (!answer->configured()) {
    session.Note(session.Say({"no candidate is configured; set shadow.rules or shadow.model",
                              "未配置候选规则；请设置 shadow.rules 或 shadow.model"}));
  }
  NoteCandidateMistakes(session, answer->candidate());
  return kOk;
}

}  // namespace

void AddShadow(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand(
      "shadow", "Show what a candidate set of rules and model would see otherwise");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--limit", flags->limit, "At most this many differences")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print JSON");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Shadow(session, *flags); }; });
}

}  // namespace supervision::cli
