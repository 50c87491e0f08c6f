#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/table.h"
#include "clients/cli/time_text.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Newest first. When there is more, the way to go on is printed on standard error.

Examples:
  supervisionctl list
  supervisionctl list --scenario petition-dispute --min-risk medium --limit 200
  supervisionctl list --alerts --since 2025-03-01 --json
  supervisionctl list --partner hotline --state withdrawn)";

struct Flags {
  FilterFlags filter;
  bool alerts = false;
  std::string partner;
  std::string state;
  std::string since;
  std::string before;
  int limit = 50;
  std::string page_token;
  bool json = false;
};

// What both requests have, by the same names.
template <typename Request>
absl::Status SetTimes(const Flags& flags, Request& request) {
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
  return absl::OkStatus();
}

absl::StatusOr<v1::ListCluesRequest> CluesRequest(const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) return filter.status();
  v1::ListCluesRequest request;
  *request.mutable_scenarios() = filter->scenarios();
  request.set_min_risk(filter->min_risk());
  request.set_region_prefix(filter->region_prefix());
  request.set_unit(filter->unit());
  request.set_expression(filter->expression());
  request.set_partner(flags.partner);
  if (!flags.state.empty()) {
    const auto state = FromWord<v1::ClueState>(flags.state);
    if (!state.has_value()) {
      return absl::InvalidArgumentError("--state: one of " + WordsOf<v1::ClueState>());
    }
    request.set_state(*state);
  }
  const absl::Status times = SetTimes(flags, request);
  if (!times.ok()) return times;
  return request;
}

absl::StatusOr<v1::ListAlertsRequest> AlertsRequest(const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) return filter.status();
  v1::ListAlertsRequest request;
  *request.mutable_filter() = *filter;
  const absl::Status times = SetTimes(flags, request);
  if (!times.ok()) return times;
  return request;
}

std::string UnitOf(const v1::ReportedUnit& unit) {
  return unit.name().empty() ? unit.credit_code() : unit.name();
}

// What is unusual about a clue, before its title.
std::string MarkOf(Session& session, const v1::ClueSummary& clue) {
  std::string mark;
  if (clue.backfill()) mark += session.Say({"[history] ", "[历史数据] "});
  if (clue.state() == v1::CLUE_STATE_WITHDRAWN) mark += session.Say({"[withdrawn] ", "[已撤回] "});
  return mark;
}
std::string MarkOf(Session&, const v1::Alert&) { return ""; }

// Clues and alerts have the same columns.
template <typename Row>
void AddRow(Session& session, Table& table, const Row& row) {
  table.Add({row.id(), TimeText(row.received_at()), session.ScenarioName(row.scenario()),
             row.risk() == v1::RISK_UNSPECIFIED ? "-" : WordOf(row.risk()), row.region_code(),
             UnitOf(row.reported_unit()), MarkOf(session, row) + row.title()});
}

// Follows the pages until `limit` rows are there; a page may be short and still have a next one.
// `call` gets one page, `rows` are its rows.
template <typename Request, typename Call, typename Rows>
int ListPages(Session& session, const Flags& flags, Request request, const Call& call,
              const Rows& rows) {
  constexpr int kLargestPage = 500;
  Table table({session.Say({"ID", "编号"}), session.Say({"RECEIVED", "接收时间"}),
               session.Say({"SCENARIO", "子场景"}), session.Say({"RISK", "风险"}),
               session.Say({"REGION", "区划"}), session.Say({"UNIT", "责任单位"}),
               session.Say({"TITLE", "标题"})});
  request.set_page_token(flags.page_token);
  int left = flags.limit;
  do {
    request.set_page_size(std::min(left, kLargestPage));
    const auto page = call(request);
    if (!page.ok()) return session.Fail(page.status());
    for (const auto& row : rows(*page)) {
      if (flags.json) {
        session.Print(ToJson(row) + "\n");
      } else {
        AddRow(session, table, row);
      }
      --left;
    }
    request.set_page_token(page->next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (!flags.json) session.Print(table.Text());
  if (!request.page_token().empty()) {
    session.Note(session.Say({"more: --page-token ", "还有更多：--page-token "}) +
                 request.page_token());
  }
  return kOk;
}

int List(Session& session, const Flags& flags) {
  const auto wrong = [&session](const absl::Status& status) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(status.message()));
  };
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  if (flags.alerts) {
    const auto request = AlertsRequest(flags);
    if (!request.ok()) return wrong(request.status());
    return ListPages(
        session, flags, *request, [client](const auto& page) { return client->ListAlerts(page); },
        [](const auto& page) { return page.alerts(); });
  }
  const auto request = CluesRequest(flags);
  if (!request.ok()) return wrong(request.status());
  return ListPages(
      session, flags, *request, [client](const auto& page) { return client->ListClues(page); },
      [](const auto& page) { return page.clues(); });
}

}  // namespace

void AddList(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("list", "List clues or alerts");
  const auto flags = std::make_shared<Flags>();
  auto* const alerts = command->add_flag("--alerts", flags->alerts, "Alerts instead of clues");
  flags->filter.AddTo(*command);
  command->add_option("--partner", flags->partner, "Submitted by this partner")->excludes(alerts);
  command->add_option("--state", flags->state, "In this state: " + WordsOf<v1::ClueState>())
      ->excludes(alerts);
  command->add_option("--since", flags->since, "Accepted at or after this time");
  command->add_option("--before", flags->before, "Accepted before this time");
  command->add_option("--limit", flags->limit, "At most this many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--page-token", flags->page_token, "Go on where another call ended");
  command->add_flag("--json", flags->json, "Print one JSON object for each");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return List(session, *flags); }; });
}

}  // namespace supervision::cli
