#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/render_group.h"
#include "clients/cli/terminal.h"
#include "services/config/principals.h"
#include "services/config/routes_config.h"
#include "services/security/authority.h"

namespace supervision::cli {
namespace {

constexpr char kTestFooter[] =
    R"(Works from files, without a service: reads the file of routes and the calendar.yaml beside it, and runs
the tests that stand in it, those of routes that are off as well. PLACE is the file, or a folder with
a routes.yaml (default: deploy/config). Ends with 1 when a test does not hold, anything in the files
is wrong, or a route that is on tells nobody whom the principals.yaml beside it names; each is told
with file and line.

Examples:
  supervisionctl routes test
  supervisionctl routes test /etc/supervision
  supervisionctl routes test new-routes.yaml)";

// Who may call, by the file beside that of routes; null where none is to be read there, which is
// not what is tried here.
std::shared_ptr<const security::PrincipalDirectory> Principals(std::filesystem::path routes) {
  const auto loaded = config::LoadPrincipals(routes.replace_filename("principals.yaml").string());
  return loaded.ok() ? loaded->directory : nullptr;
}

int Test(Session& session, const std::string& place) {
  const std::filesystem::path path(place);
  std::error_code error;
  const std::filesystem::path file =
      std::filesystem::is_directory(path, error) ? path / "routes.yaml" : path;
  // A service runs without one, but who has its tests run means one that is there.
  if (!std::filesystem::exists(file, error)) {
    return session.FailUsage({"there is no file of routes here", "此处没有路由文件"},
                             file.string());
  }
  const auto loaded = config::LoadRoutes(
      file.string(), std::filesystem::path(file).replace_filename("calendar.yaml").string());
  if (!loaded.ok()) {
    return session.FailUsage({"the routes cannot be used", "路由无法使用"},
                             std::string(loaded.status().message()));
  }
  if (const auto principals = Principals(file); principals != nullptr) {
    const std::vector<std::string> to_nobody =
        config::RoutesToNobody(*loaded, security::ScopesOfWatchers(*principals));
    if (!to_nobody.empty()) {
      return session.FailUsage({"routes tell nobody", "路由无人接收"},
                               absl::StrJoin(to_nobody, "\n"));
    }
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
  const auto place = std::make_shared<std::string>("deploy/config");
  test->add_option("PLACE", *place, "File of routes, or folder of the configuration")
      ->capture_default_str();
  test->footer(kTestFooter);
  test->callback(
      [&session, &run, place] { run = [&session, place] { return Test(session, *place); }; });
  auto* const explain = group->add_subcommand("explain", "Say why a route told an alert");
  const auto flags = std::make_shared<ExplainFlags>();
  explain->add_option("ALERT", flags->alert, "The alert's id")->required();
  explain->add_flag("--json", flags->json, "Print JSON");
  explain->footer(kExplainFooter);
  explain->callback(
      [&session, &run, flags] { run = [&session, flags] { return Explain(session, *flags); }; });
}

}  // namespace supervision::cli
