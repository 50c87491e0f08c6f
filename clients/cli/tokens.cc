#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "clients/cli/commands.h"
#include "clients/cli/config_place.h"
#include "clients/cli/table.h"
#include "services/base/utf8.h"
#include "services/config/principals.h"
#include "services/config/server_settings.h"
#include "services/config/tokens_file.h"
#include "services/domain/scenario.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Works on the files that the service reads (files.principals and files.tokens in server.yaml), which it
reads again within three seconds of a change; a stream that was opened with a token that is revoked, or
runs out, ends then. Several replicas take the files from one volume, or are given the new file each.

Examples:
  supervisionctl tokens create hotline --config /etc/supervision --days 90 --note "hotline, gateway 2"
  supervisionctl tokens create leader --config /etc/supervision --role MONITOR --region 3304
  supervisionctl tokens list --config /etc/supervision
  supervisionctl tokens revoke 0123456789abcdef --config /etc/supervision)";

struct Flags {
  std::string config = DefaultConfigPlace();
  std::string principal;
  std::string id;
  int days = 90;
  std::vector<std::string> roles;
  std::vector<std::string> scenarios;
  std::vector<std::string> regions;
  std::string note;
};

using Files = config::ServerSettings::Files;

absl::StatusOr<Files> FilesOf(const Flags& flags) {
  return config::LoadServerFiles(flags.config, config::ProcessEnvironment());
}

std::string DayText(absl::Time time) {
  return time == absl::InfiniteFuture()
             ? "-"
             : absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

int FailFile(const Session& session, const absl::Status& status) {
  return session.FailUsage({"the file cannot be used", "文件无法使用"},
                           std::string(status.message()));
}

// What the flags narrow; false when a word is not known, which has been said.
bool Narrow(const Session& session, const Flags& flags, config::TokenRecord* draft) {
  for (const std::string& word : flags.roles) {
    bool known = false;
    for (size_t role = 1; role <= security::kRoles; ++role) {
      if (NameOf(static_cast<security::Role>(role)) != word) continue;
      draft->roles.set(role);
      known = true;
    }
    if (!known) return session.FailUsage({"unknown role", "未知角色"}, word) == kOk;
  }
  for (const std::string& word : flags.scenarios) {
    const auto scenario = domain::ScenarioFromCode(word);
    if (!scenario.has_value()) {
      return session.FailUsage({"unknown scenario", "未知子场景"}, word) == kOk;
    }
    draft->scenarios.set(static_cast<size_t>(*scenario));
  }
  for (const std::string& region : flags.regions) {
    if (!config::IsRegionPrefix(region)) {
      return session.FailUsage({"a region is the first 2 to 9 digits of its code",
                                "区划为代码的前 2 至 9 位数字"},
                               region) == kOk;
    }
  }
  draft->regions = flags.regions;
  const bool plain = std::none_of(flags.note.begin(), flags.note.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7F || c == '"' || c == '\\';
  });
  if (!plain || !base::IsUtf8(flags.note)) {
    return session.FailUsage({"a note is one line of UTF-8 without quotes or backslashes",
                              "备注须为单行 UTF-8 文本，且不含引号和反斜杠"}) == kOk;
  }
  draft->note = flags.note;
  return true;
}

int Create(Session& session, const Flags& flags) {
  if (IsNoConfig(flags.config)) return NoConfig(session);
  const auto files = FilesOf(flags);
  if (!files.ok()) return FailFile(session, files.status());
  const auto loaded = config::LoadPrincipals(files->principals);
  if (!loaded.ok()) return FailFile(session, loaded.status());
  const auto file = config::TokensFile::Open(files->tokens, files->principals);
  if (!file.ok()) return FailFile(session, file.status());
  config::TokenRecord draft;
  draft.principal = flags.principal;
  draft.created_at = absl::Now();
  if (flags.days > 0) draft.expires_at = draft.created_at + absl::Hours(24) * flags.days;
  if (!Narrow(session, flags, &draft)) return kUsage;
  config::NewToken made = config::MakeToken(std::move(draft));
  if (!config::Issue(made.record, *loaded->directory).has_value()) {
    return session.FailUsage(
        {"principals.yaml has no such principal, or it may nothing of what the token is to carry; "
         "see supervisionctl principals, and leave --role, --region and --scenario out or narrow "
         "what it has",
         "principals.yaml 中没有该主体，或令牌范围超出其授权；请查看 supervisionctl principals，"
         "并去掉或收窄 --role、--region、--scenario"},
        flags.principal);
  }
  (*file)->tokens().push_back(made.record);
  if (absl::Status saved = (*file)->Save(); !saved.ok()) return FailFile(session, saved);
  const Text once = {"shown once, kept nowhere; valid until ", "仅显示一次，不会保存；有效期至 "};
  const Text for_good = {"it is revoked", "撤销为止"};
  session.Note(session.Say(once) + (flags.days > 0 ? DayText(made.record.expires_at)
                                                   : std::string(session.Say(for_good))));
  session.Print(made.text + "\n");
  return kOk;
}

int List(Session& session, const Flags& flags) {
  if (IsNoConfig(flags.config)) return NoConfig(session);
  const auto files = FilesOf(flags);
  if (!files.ok()) return FailFile(session, files.status());
  const auto tokens = config::LoadTokens(files->tokens);
  if (!tokens.ok()) return FailFile(session, tokens.status());
  Table table({"ID", session.Say({"PRINCIPAL", "主体"}), session.Say({"CREATED", "签发"}),
               session.Say({"UNTIL", "到期"}), session.Say({"ONLY", "限于"}),
               session.Say({"NOTE", "备注"})});
  for (const config::TokenRecord& token : *tokens) {
    std::vector<std::string> only = token.regions;
    for (size_t role = 1; role <= security::kRoles; ++role) {
      if (token.roles.test(role)) only.emplace_back(NameOf(static_cast<security::Role>(role)));
    }
    for (const domain::Scenario scenario : domain::kScenarios) {
      if (token.scenarios.test(static_cast<size_t>(scenario))) only.emplace_back(Code(scenario));
    }
    const std::string until = DayText(token.expires_at);
    table.Add({token.id, token.principal, DayText(token.created_at),
               token.expires_at <= absl::Now()
                   ? absl::StrCat(until, session.Say({" (over)", "（已过期）"}))
                   : until,
               absl::StrJoin(only, " "), Printable(token.note)});
  }
  session.Print(table.Text());
  return kOk;
}

int Revoke(Session& session, const Flags& flags) {
  if (IsNoConfig(flags.config)) return NoConfig(session);
  const auto files = FilesOf(flags);
  if (!files.ok()) return FailFile(session, files.status());
  const auto file = config::TokensFile::Open(files->tokens, files->principals);
  if (!file.ok()) return FailFile(session, file.status());
  std::vector<config::TokenRecord>& tokens = (*file)->tokens();
  // Who has the whole token may give that.
  const std::string_view inside = security::IssuedTokenId(flags.id);
  const std::string id = inside.empty() ? flags.id : std::string(inside);
  if (std::erase_if(tokens, [&id](const auto& token) { return token.id == id; }) == 0) {
    session.FailUsage({"no token has this id; supervisionctl tokens list shows them",
                       "没有该编号的令牌；可用 supervisionctl tokens list 查看"});
    return kNotFound;
  }
  if (absl::Status saved = (*file)->Save(); !saved.ok()) return FailFile(session, saved);
  session.Print(absl::StrCat("revoked ", id, "\n"));
  return kOk;
}

}  // namespace

void AddTokens(CLI::App& app, Session& session, Run& run) {
  auto* const group = app.add_subcommand("tokens", "Issue, list and revoke bearer tokens");
  group->require_subcommand(1);
  group->footer(kFooter);
  const auto flags = std::make_shared<Flags>();
  const auto add = [&](const char* name, const char* what, int (*does)(Session&, const Flags&)) {
    auto* const command = group->add_subcommand(name, what);
    command->add_option("--config", flags->config, "server.yaml, or its folder")
        ->capture_default_str();
    command->callback([&session, &run, flags, does] {
      run = [&session, flags, does] { return does(session, *flags); };
    });
    return command;
  };
  auto* const create = add("create", "Issue a token, which is shown once", Create);
  create->add_option("PRINCIPAL", flags->principal, "Whose it is")->required();
  create->add_option("--days", flags->days, "How long it is valid; 0: until it is revoked")
      ->check(CLI::Range(0, 3650))
      ->capture_default_str();
  create->add_option("--role", flags->roles, "Only this of the principal's roles; may be repeated");
  create->add_option("--scenario", flags->scenarios, "Only this scenario; may be repeated");
  create->add_option("--region", flags->regions, "Only this region prefix; may be repeated");
  create->add_option("--note", flags->note, "What it is for");
  add("list", "Show the tokens that were issued", List);
  add("revoke", "Take a token back", Revoke)
      ->add_option("ID", flags->id, "Its id, or the token")
      ->required();
}

}  // namespace supervision::cli
