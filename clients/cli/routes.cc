#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/render_group.h"
#include "clients/cli/terminal.h"
#include "services/config/routes_config.h"

namespace supervision::cli {
namespace {

constexpr char kTestFooter[] =
    R"(Works from files, without a service: reads DIR/routes.yaml and DIR/calendar.yaml (default: deploy/config)
and runs the tests that stand in the file, those of routes that are off as well. Ends with 1 when a
test does not hold or anything in the files is wrong; each is told with file and line.

Examples:
  supervisionctl routes test
  supervisionctl routes test /etc/supervision)";

int Test(Session& session, const std::string& folder) {
  const auto loaded = config::LoadRoutes(folder + "/routes.yaml", folder + "/calendar.yaml");
  if (!loaded.ok()) {
    return session.FailUsage({"the routes cannot be used:", "路由无法使用："},
                             std::string(loaded.status().message()));
  }
  int enabled = 0;
  for (const combining::Route& route : loaded->routes->routes) enabled += route.enabled ? 1 : 0;
  session.Print(absl::StrCat("routes ", loaded->routes->version, ": ",
                             loaded->routes->routes.size(), " routes, ", enabled, " of them on; ",
                             loaded->trials.size(), " tests, all hold\n"));
  return kOk;
}

constexpr char kExplainFooter[] =
    R"(Why a route told an alert: what it counted, in which time, and the clues behind it.

Example:
  supervisionctl routes explain a00c3a1f4be2d90417c0a5b6e8d2f7133ac)";

struct ExplainFlags {
  std::string alert;
  bool json = false;
};

// A risk that was raised, addend by addend: "+10  1 other within 90 days adds 10 (...)".
std::string AddendLines(Session& session, const v1::Alert& alert) {
  const bool chinese = session.language() == Language::kChinese;
  std::string text;
  for (const v1::RiskReason& reason : alert.risk_reasons()) {
    absl::StrAppendFormat(&text, "  %+4d  %s\n", reason.points(),
                          Printable(chinese ? reason.text_zh() : reason.text_en()));
  }
  absl::StrAppendFormat(&text, "  %4.0f  ", alert.group().measured());
  text += session.Say({"together; its level begins at ", "合计，该等级的起点为"});
  return absl::StrCat(text, alert.group().limit(), chinese ? "分\n" : "\n");
}

std::string ExplanationText(Session& session, const v1::Alert& alert) {
  const v1::AlertGroup& group = alert.group();
  const bool chinese = session.language() == Language::kChinese;
  std::string text = Printable(chinese ? group.title_zh() : group.title_en()) + "  (" +
                     Printable(group.route()) + ")\n";
  for (const v1::GroupKeyPart& part : group.key()) {
    text += "  " + Printable(part.name()) + " = " + Printable(part.value()) + "\n";
  }
  if (alert.kind() == v1::ALERT_KIND_RISK_RAISED) {
    text += AddendLines(session, alert);
  } else {
    text += Printable(chinese ? group.arithmetic_zh() : group.arithmetic_en()) + "\n";
  }
  text += session.Say({"due ", "应告 "}) + TimeText(group.due_at()) +
          session.Say({", told ", "，告知 "}) + TimeText(alert.raised_at());
  if (group.late()) {
    text += session.Say({" (late: the service was down or behind)", "（迟到：服务曾中断或滞后）"});
  }
  text += "\n";
  return text + MemberLines(session, group);
}

int Explain(Session& session, const ExplainFlags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::GetAlertRequest request;
  request.set_alert_id(flags.alert);
  const auto answer = client->GetAlert(request);
  if (!answer.ok()) return session.Fail(answer.status());
  if (!answer->alert().has_group()) {
    return session.FailUsage({"no route raised this alert: it is about one clue",
                              "该预警不是由路由产生的：它只涉及一条线索"});
  }
  session.Print(flags.json ? ToJson(answer->alert()) + "\n"
                           : ExplanationText(session, answer->alert()));
  return kOk;
}

}  // namespace

void AddRoutes(CLI::App& app, Session& session, Run& run) {
  auto* const group = app.add_subcommand("routes", "Alerts about several clues together");
  group->require_subcommand(1);
  auto* const test = group->add_subcommand("test", "Run the tests of a file of routes");
  const auto folder = std::make_shared<std::string>("deploy/config");
  test->add_option("DIR", *folder, "Folder of the configuration")->capture_default_str();
  test->footer(kTestFooter);
  test->callback(
      [&session, &run, folder] { run = [&session, folder] { return Test(session, *folder); }; });
  auto* const explain = group->add_subcommand("explain", "Say why a route told an alert");
  const auto flags = std::make_shared<ExplainFlags>();
  explain->add_option("ALERT", flags->alert, "The alert's id")->required();
  explain->add_flag("--json", flags->json, "Print JSON");
  explain->footer(kExplainFooter);
  explain->callback(
      [&session, &run, flags] { run = [&session, flags] { return Explain(session, *flags); }; });
}

}  // namespace supervision::cli
