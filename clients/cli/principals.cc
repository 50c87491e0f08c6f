#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/config_place.h"
#include "clients/cli/table.h"
#include "services/config/principals.h"
#include "services/config/server_settings.h"
#include "services/domain/scenario.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Reads the files of principals and tokens that server.yaml names, and tells every mistake in them; a service that runs takes changed
files within three seconds.

Example:
  supervisionctl principals --config /etc/supervision)";

std::string Seen(const Session& session, const security::Principal& principal) {
  if (!principal.partner.empty())
    return session.Say({"own clues of ", "本单位线索 "}) + principal.partner;
  std::vector<std::string> words = principal.scope.regions;
  for (const domain::Scenario scenario : domain::kScenarios) {
    if (principal.scope.scenarios.test(static_cast<size_t>(scenario))) {
      words.emplace_back(Code(scenario));
    }
  }
  if (principal.scope.cleared_for_secret) words.push_back(session.Say({"secret", "涉密"}));
  return absl::StrJoin(words, " ");
}

int Show(Session& session, const std::string& place) {
  if (IsNoConfig(place)) return NoConfig(session);
  const auto fail = [&session](const absl::Status& status) {
    return session.FailUsage({"the files cannot be used", "文件无法使用"},
                             std::string(status.message()));
  };
  const auto files = config::LoadServerFiles(place, config::ProcessEnvironment());
  if (!files.ok()) return fail(files.status());
  const auto loaded = config::LoadPrincipals(files->principals, files->tokens);
  if (!loaded.ok()) return fail(loaded.status());
  Table table({session.Say({"PRINCIPAL", "主体"}), session.Say({"ROLES", "角色"}),
               session.Say({"ONLY", "限于"}), session.Say({"TOKENS", "令牌"}),
               session.Say({"CERTIFICATES", "证书"})});
  for (const security::PrincipalDirectory::Entry& entry : loaded->directory->entries()) {
    std::vector<std::string> roles;
    for (size_t role = 1; role <= security::kRoles; ++role) {
      if (!entry.principal.roles.test(role)) continue;
      roles.emplace_back(NameOf(static_cast<security::Role>(role)));
    }
    size_t tokens = entry.tokens.size();
    for (const security::IssuedToken& token : loaded->directory->issued()) {
      if (token.principal.id == entry.principal.id) ++tokens;
    }
    table.Add({entry.principal.id, absl::StrJoin(roles, " "), Seen(session, entry.principal),
               absl::StrCat(tokens), absl::StrJoin(entry.certificates, " ")});
  }
  session.Print(table.Text());
  if (loaded->example) {
    session.Note(session.Say({"these are the shipped examples, whose tokens everyone knows",
                              "此为随附示例，其令牌人所共知"}));
  }
  return kOk;
}

}  // namespace

void AddPrincipals(CLI::App& app, Session& session, Run& run) {
  auto* const command =
      app.add_subcommand("principals", "Show who may call the service and what each sees");
  const auto place = std::make_shared<std::string>(DefaultConfigPlace());
  command->add_option("--config", *place, "server.yaml, or its folder")->capture_default_str();
  command->footer(kFooter);
  command->callback(
      [&session, &run, place] { run = [&session, place] { return Show(session, *place); }; });
}

}  // namespace supervision::cli
