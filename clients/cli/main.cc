#include <csignal>
#include <cstdlib>
#include <string>

#include "CLI/CLI.hpp"
#include "clients/cli/commands.h"
#include "clients/cli/session.h"

namespace supervision::cli {
namespace {

constexpr char kDescription[] =
    "Submits clues to a supervision service, watches its alerts and asks how it is.\n"
    "向法治监督线索服务提交线索、接收预警并查询运行状态。";

constexpr char kFooter[] =
    R"(Exit codes: 0 done; 1 command line or local file wrong, output not written; 2 input refused;
3 not reachable, overloaded or not ready; 4 not permitted; 5 conflict with what is there;
6 not found; 7 the place in the stream is gone; 8 the service failed; 9 --exec failed.

Examples:
  supervisionctl submit --region 330424 --title 标题 --content '……' --unit 某县综合行政执法局
  supervisionctl submit --ndjson clues.ndjson
  supervisionctl watch --min-risk medium --from earliest
  supervisionctl status --wait 30
Each command has more: supervisionctl COMMAND --help)";

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--server", options.server, "Address: HOST:PORT or unix:/PATH")
      ->envname("SUPERVISION_SERVER")
      ->capture_default_str();
  auto* const token = app.add_option(
      "--token", options.token,
      "Bearer token; others can see it in the list of processes, so prefer the environment "
      "(SUPERVISION_TOKEN) or a file");
  app.add_option("--token-file", options.token_file,
                 "File with the bearer token (SUPERVISION_TOKEN_FILE)")
      ->excludes(token);
  app.add_flag("--tls", options.tls, "Speak TLS and trust the system's authorities")
      ->envname("SUPERVISION_TLS");
  app.add_option("--tls-ca", options.tls_ca, "PEM file with the authorities to trust; means --tls")
      ->envname("SUPERVISION_TLS_CA");
  app.add_option("--tls-cert", options.tls_certificate, "PEM file with your own certificate")
      ->envname("SUPERVISION_TLS_CERT");
  app.add_option("--tls-key", options.tls_key, "PEM file with the key of that certificate")
      ->envname("SUPERVISION_TLS_KEY");
  app.add_option("--tls-server-name", options.tls_server_name,
                 "Name to expect in the service's certificate instead of the address' host")
      ->envname("SUPERVISION_TLS_SERVER_NAME");
  app.add_option("--timeout", options.timeout_seconds,
                 "Seconds for a call with all its attempts, of which each has a third, 10 at least")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--lang",
         [&options](const std::string& word) {
           options.language = word == "zh" ? Language::kChinese : Language::kEnglish;
         },
         "Language of texts: zh or en (default: by LC_ALL, LC_MESSAGES, LANG)")
      ->check(CLI::IsMember({"zh", "en"}));
  app.add_option_function<std::string>(
         "--color",
         [&options](const std::string& word) {
           options.color = word == "always"  ? ColorMode::kAlways
                           : word == "never" ? ColorMode::kNever
                                             : ColorMode::kAuto;
         },
         "Colours: auto (only on a terminal, and not when NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

// What is on the command line is meant for this one call and beats the environment. Of two in the
// environment neither does: the session refuses to choose whom to be.
void TakeTokenOfEnvironment(GlobalOptions& options) {
  if (!options.token.empty() || !options.token_file.empty()) return;
  const char* const token = std::getenv("SUPERVISION_TOKEN");
  const char* const file = std::getenv("SUPERVISION_TOKEN_FILE");
  if (token != nullptr) options.token = token;
  if (file != nullptr) options.token_file = file;
}

int Main(int argc, char** argv) {
  // A reader that goes away is noticed where it is written to.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app(kDescription, "supervisionctl");
  app.set_version_flag("--version", SUPERVISION_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  Session session;
  AddGlobalOptions(app, session.options());
  Run run;
  AddSubmit(app, session, run);
  AddSpool(app, session, run);
  AddWatch(app, session, run);
  AddGet(app, session, run);
  AddList(app, session, run);
  AddAlerts(app, session, run);
  AddWhy(app, session, run);
  AddHandling(app, session, run);
  AddRevise(app, session, run);
  AddWithdraw(app, session, run);
  AddReview(app, session, run);
  AddScenarios(app, session, run);
  AddClassify(app, session, run);
  AddDoctor(app, session, run);
  AddPrincipals(app, session, run);
  AddTokens(app, session, run);
  AddEvaluate(app, session, run);
  AddRoutes(app, session, run);
  AddRules(app, session, run);
  AddSilence(app, session, run);
  AddSubscriptions(app, session, run);
  AddStatus(app, session, run);
  AddTop(app, session, run);
  AddTrain(app, session, run);
  AddHealth(app, session, run);
  AddReclassify(app, session, run);
  AddReload(app, session, run);
  AddShadow(app, session, run);
  AddBackup(app, session, run);
  AddRestore(app, session, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  TakeTokenOfEnvironment(session.options());
  return session.End(run());
}

}  // namespace
}  // namespace supervision::cli

int main(int argc, char** argv) { return supervision::cli::Main(argc, argv); }
