#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands.h"
#include "clients/cli/probe.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Connects step by step and says at which it ends and what to do: gRPC itself says of all of them only
UNAVAILABLE or "Socket closed". Takes the options before the command: --tls-ca, --token and so on.
Exit code 0: all is well; 3: no connection; 4: the service does not know you.

Examples:
  supervisionctl doctor --connect clues.example:50051 --tls-ca ca.pem
  supervisionctl doctor --connect 10.0.0.7:50051 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key)";

void Tell(Session& session, const Finding& finding) {
  const std::string mark =
      finding.good ? session.InStyle("ok  ", Style::kGreen) : session.InStyle("FAIL", Style::kRed);
  session.Print(absl::StrCat(mark, " ", session.Say(finding.what), ": ", session.Say(finding.said),
                             finding.detail.empty() ? "" : " (", Printable(finding.detail),
                             finding.detail.empty() ? "" : ")", "\n"));
}

int TellAll(Session& session) {
  const GlobalOptions& options = session.options();
  const std::vector<Finding> findings = Probe({.address = options.server,
                                               .tls = session.WantsTls(),
                                               .ca = options.tls_ca,
                                               .certificate = options.tls_certificate,
                                               .key = options.tls_key,
                                               .server_name = options.tls_server_name});
  for (const Finding& finding : findings) Tell(session, finding);
  if (findings.empty() || !findings.back().good) return kUnavailable;
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto answer = client->ListScenarios({.timeout = absl::Seconds(5), .retry = false});
  const Text who = {"who you are", "身份"};
  if (answer.status().code() == absl::StatusCode::kUnauthenticated) {
    const bool token = session.Token().has_value() && !session.Token()->empty();
    Tell(
        session,
        {false, who,
         token
             ? Text{"the token is not known: cut short, revoked, run out, or of another service; "
                    "ask for a new one",
                    "令牌无效：可能不完整、已撤销、已过期或属于其他服务；请申请新令牌"}
             : Text{"no token, and no certificate that a principal has: give --token-file, or have "
                    "your certificate's name entered in principals.yaml",
                    "未提供令牌，证书也未对应主体：请使用 --token-file，或在 principals.yaml "
                    "中登记证书名称"},
         ""});
    return kNotAllowed;
  }
  if (!answer.ok()) return session.Fail(answer.status());
  Tell(session, {true, who, {"the service knows you", "服务已识别您的身份"}, ""});
  const auto health = client->CheckHealth("", {.timeout = absl::Seconds(5), .retry = false});
  const bool serving = health.ok() && *health == client::Health::kServing;
  Tell(session, {serving,
                 {"service", "服务"},
                 serving ? Text{"takes clues and streams", "可提交线索和接收预警"}
                         : Text{"is not ready; supervisionctl status says why",
                                "尚未就绪；supervisionctl status 说明原因"},
                 ""});
  return serving ? kOk : kUnavailable;
}

}  // namespace

void AddDoctor(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("doctor", "Say why a connection to the service fails, and what to do");
  command->add_option_function<std::string>(
      "--connect", [&session](const std::string& address) { session.options().server = address; },
      "Address to connect to (default: --server)");
  command->footer(kFooter);
  command->callback([&session, &run] { run = [&session] { return TellAll(session); }; });
}

}  // namespace supervision::cli
