#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clients/cli/commands.h"
#include "clients/cli/config_place.h"
#include "clients/cli/probe.h"
#include "services/base/clock.h"
#include "services/config/server_settings.h"
#include "services/doctor/doctor.h"
#include "services/doctor/service_user.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(On the machine of a service: looks at everything that could keep it from serving (configuration and
its files, certificates, data directory and disk, Redis, clocks, open files, ports), a line each: ok, warn
or FAIL, and what to do. The service may run meanwhile. Ask as the user of the service or as root, who tries
files as the owner of the data directory, in its working directory and with its environment. Exit code 0: nothing fails; 1: the configuration is wrong; 3: something
else would keep it from serving.

With --connect, on the machine of a client: connects step by step and says at which it ends and what to do: gRPC itself says of all of them only
UNAVAILABLE or "Socket closed". Takes the options before the command: --tls-ca, --token and so on.
Exit code 0: all is well; 3: no connection; 4: the service does not know you.

Examples:
  supervisionctl doctor --config /etc/supervision
  supervisionctl doctor --connect clues.example:50051 --tls-ca ca.pem
  supervisionctl doctor --connect 10.0.0.7:50051 --tls-ca ca.pem --tls-cert me.pem --tls-key me.key)";

void Tell(Session& session, const Finding& finding) {
  const std::string mark =
      finding.good ? session.InStyle("ok  ", Style::kGreen) : session.InStyle("FAIL", Style::kRed);
  session.Print(absl::StrCat(mark, " ", session.Say(finding.what), ": ", session.Say(finding.said),
                             finding.detail.empty() ? "" : " (", Printable(finding.detail),
                             finding.detail.empty() ? "" : ")", "\n"));
}

// The things that are looked at, as people of the other language call them.
std::string TitleOf(const Session& session, const std::string& what) {
  constexpr Text kTitles[] = {
      {"configuration", "配置"}, {"files", "文件"}, {"principals", "主体"},
      {"listen", "监听"},        {"TLS", "TLS"},    {"Redis", "Redis"},
      {"ledger", "台账"},        {"clock", "时钟"}, {"user", "用户"},
      {"data", "数据目录"},      {"disk", "磁盘"},  {"open files", "文件描述符"}};
  for (const Text& title : kTitles) {
    if (what == title.english) return session.Say(title);
  }
  return what;
}

void Tell(Session& session, const doctor::Finding& finding) {
  const std::string mark =
      finding.grade == doctor::Grade::kOk     ? session.InStyle("ok  ", Style::kGreen)
      : finding.grade == doctor::Grade::kWarn ? session.InStyle("warn", Style::kYellow)
                                              : session.InStyle("FAIL", Style::kRed);
  session.Print(
      absl::StrCat(mark, " ", TitleOf(session, finding.what), ": ", Printable(finding.said), "\n"));
}

int ExamineMachine(Session& session, const std::string& place) {
  if (IsNoConfig(place)) return NoConfig(session);
  std::error_code error;
  const std::string file =
      std::filesystem::is_directory(place, error) ? place + "/server.yaml" : place;
  config::ServerSources sources;
  sources.file = file;
  sources.environment = config::ProcessEnvironment();
  auto settings = config::LoadServer(sources);
  // To root every file is readable; what counts is whether the service may read it.
  std::optional<doctor::ServiceUser> user;
  if (settings.ok()) {
    const std::string data = settings->redis.data_directory;
    user.emplace(data);
    if (user->is_taken()) {
      Tell(session, {doctor::Grade::kOk, "user",
                     absl::StrCat("files are tried as ", user->name(),
                                  " may read them, who has redis.data_directory ", data)});
      settings = config::LoadServer(sources);
    }
  }
  constexpr char kConfiguration[] = "configuration";
  if (!settings.ok()) {
    for (const absl::string_view line : absl::StrSplit(settings.status().message(), '\n')) {
      Tell(session, {doctor::Grade::kFail, kConfiguration, std::string(line)});
    }
    return kUsage;
  }
  Tell(session, {doctor::Grade::kOk, kConfiguration, file + " has no mistakes"});
  for (const std::string& warning : settings->warnings) {
    Tell(session, {doctor::Grade::kWarn, kConfiguration, warning});
  }
  int exit_code = kOk;
  for (const doctor::Finding& finding : doctor::Examine(*settings, base::Clock::System())) {
    Tell(session, finding);
    if (finding.grade == doctor::Grade::kFail) exit_code = kUnavailable;
  }
  return exit_code;
}

int Connect(Session& session) {
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
      app.add_subcommand("doctor", "Say what is wrong with a service, or with a connection to it");
  const auto place = std::make_shared<std::string>(DefaultConfigPlace());
  auto* const config =
      command
          ->add_option("--config", *place, "server.yaml of this machine's service, or its folder")
          ->capture_default_str();
  auto* const connect = command->add_option_function<std::string>(
      "--connect", [&session](const std::string& address) { session.options().server = address; },
      "Look from the client's side instead, at the service at this address");
  connect->excludes(config);
  command->footer(kFooter);
  command->callback([&session, &run, place, connect] {
    const bool from_afar = connect->count() > 0;
    run = [&session, place, from_afar] {
      return from_afar ? Connect(session) : ExamineMachine(session, *place);
    };
  });
}

}  // namespace supervision::cli
