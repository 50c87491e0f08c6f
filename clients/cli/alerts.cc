// The alerts that people have before them: what is open, whose it is, how old.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "clients/cli/commands.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/render_group.h"
#include "clients/cli/table.h"
#include "clients/cli/time_text.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Newest first. An alert that nobody has taken up is open; ack, assign, resolve and reopen change that.
A page looks at a bounded number of alerts, so few may come at once where most are resolved: what is
acknowledged, resolved or somebody's is found without looking at the others.

Examples:
  supervisionctl alerts --state open --min-risk high
  supervisionctl alerts --state acknowledged --owner wang
  supervisionctl alerts --filter 'state != RESOLVED AND unit : 城管' --since 2025-03-01 --json)";

struct Flags {
  FilterFlags filter;
  std::string since;
  std::string before;
  int limit = 50;
  std::string page_token;
  bool silenced = false;
  bool json = false;
};

absl::StatusOr<v1::ListAlertsRequest> RequestOf(const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) return filter.status();
  v1::ListAlertsRequest request;
  *request.mutable_filter() = *filter;
  for (const auto& [name, text] : {std::pair("--since", flags.since), {"--before", flags.before}}) {
    if (text.empty()) continue;
    const auto time = TimeFromText(text);
    if (!time.has_value()) {
      return absl::InvalidArgumentError(std::string(name) +
                                        ": write YYYY-MM-DD, YYYY-MM-DD HH:MM or RFC 3339");
    }
    *(std::string(name) == "--since" ? request.mutable_received_from()
                                     : request.mutable_received_before()) = *time;
  }
  request.set_page_token(flags.page_token);
  request.set_include_silenced(flags.silenced);
  return request;
}

// How long ago the clue came in: "3 d", "5 h", "12 min".
std::string AgeText(Session& session, const google::protobuf::Timestamp& timestamp) {
  const int64_t minutes =
      std::max<int64_t>((absl::ToUnixSeconds(absl::Now()) - timestamp.seconds()) / 60, 0);
  constexpr int64_t kHour = 60;
  constexpr int64_t kDay = 24 * kHour;
  if (minutes >= 2 * kDay) return std::to_string(minutes / kDay) + session.Say({" d", " 天"});
  if (minutes >= 2 * kHour) return std::to_string(minutes / kHour) + session.Say({" h", " 小时"});
  return std::to_string(minutes) + session.Say({" min", " 分钟"});
}

std::string UnitOf(const v1::ReportedUnit& unit) {
  return unit.name().empty() ? unit.credit_code() : unit.name();
}

// Of a matter with those who reported it.
std::string TitleOf(Session& session, const v1::Alert& alert) {
  const std::string partners = PartnersText(session, alert.group());
  return partners.empty() ? alert.title() : alert.title() + "  ← " + partners;
}

int List(Session& session, const Flags& flags) {
  auto request = RequestOf(flags);
  if (!request.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(request.status().message()));
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  Table table({session.Say({"ID", "编号"}), session.Say({"AGE", "已过"}),
               session.Say({"STATE", "状态"}), session.Say({"OWNER", "承办人"}),
               session.Say({"RISK", "风险"}), session.Say({"SCENARIO", "子场景"}),
               session.Say({"UNIT", "责任单位"}), session.Say({"TITLE", "标题"})});
  constexpr int kLargestPage = 500;
  int left = flags.limit;
  do {
    request->set_page_size(std::min(left, kLargestPage));
    const auto page = client->ListAlerts(*request);
    if (!page.ok()) return session.Fail(page.status());
    for (const v1::Alert& alert : page->alerts()) {
      if (flags.json) {
        session.Print(ToJson(alert) + "\n");
      } else {
        table.Add({alert.id(), AgeText(session, alert.received_at()),
                   StateText(session, alert.state()) +
                       (alert.silenced_by().empty() ? "" : session.Say({", silenced", "，已静默"})),
                   alert.handling().owner().empty() ? "-" : alert.handling().owner(),
                   alert.risk() == v1::RISK_UNSPECIFIED ? "-" : WordOf(alert.risk()),
                   session.ScenarioName(alert.scenario()), UnitOf(alert.reported_unit()),
                   TitleOf(session, alert)});
      }
      --left;
    }
    request->set_page_token(page->next_page_token());
  } while (left > 0 && !request->page_token().empty());
  if (!flags.json) session.Print(table.Text());
  if (!request->page_token().empty()) {
    session.Note(session.Say({"more: --page-token ", "还有更多：--page-token "}) +
                 request->page_token());
  }
  return kOk;
}

}  // namespace

void AddAlerts(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("alerts", "List alerts with their state and owner");
  const auto flags = std::make_shared<Flags>();
  flags->filter.AddTo(*command);
  flags->filter.AddStateTo(*command);
  command->add_option("--since", flags->since, "Received at or after: 2025-03-12 or RFC 3339");
  command->add_option("--before", flags->before, "Received before");
  command->add_option("--limit", flags->limit, "At most this many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--page-token", flags->page_token, "Go on where an earlier list ended");
  command->add_flag("--silenced", flags->silenced,
                    "Also what a silence hides from you; the state says so");
  command->add_flag("--json", flags->json, "Print JSON, one line each");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return List(session, *flags); }; });
}

}  // namespace supervision::cli
