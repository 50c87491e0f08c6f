#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/why.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] = R"(Examples:
  supervisionctl get 3-9f2c…                 a clue, or an alert, by its id
  supervisionctl get --record XC-2025-0012   your own record
  supervisionctl get --partner hotline --record 20250312001 --json
  supervisionctl get --request 4f1d…         a clue that was sent without a record id)";

struct Flags {
  std::string id;
  std::string partner;
  std::string record;
  std::string request;
  bool history = false;
  bool why = false;
  bool json = false;
};

v1::GetClueRequest RequestOf(const Flags& flags) {
  v1::GetClueRequest request;
  request.set_with_history(flags.history);
  request.set_explain(flags.why);
  if (!flags.id.empty()) {
    request.set_clue_id(flags.id);
    return request;
  }
  auto& identity = *request.mutable_identity();
  identity.set_partner(flags.partner);
  if (!flags.record.empty()) {
    identity.set_source_record_id(flags.record);
  } else {
    identity.set_request_id(flags.request);
  }
  return request;
}

// Whether the id may be an alert's when no clue was found by it.
bool MayBeAlert(const Flags& flags, const absl::Status& status) {
  return !flags.id.empty() && (absl::IsNotFound(status) || absl::IsInvalidArgument(status));
}

int Get(Session& session, const Flags& flags) {
  if (flags.id.empty() && flags.record.empty() && flags.request.empty()) {
    return session.FailUsage(
        {"give an id, --record or --request", "请给出编号、--record 或 --request"});
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto clue = client->GetClue(RequestOf(flags));
  if (clue.ok()) {
    session.Print(flags.json ? ToJson(clue->clue()) + "\n" : ClueText(session, clue->clue()));
    if (clue->has_explanation()) {
      const v1::ClueContent& content = clue->clue().content();
      session.Print(flags.json ? ToJson(clue->explanation()) + "\n"
                               : WhyText(session, clue->explanation(), clue->clue().verdict(),
                                         content.title(), content.content()));
    }
    for (const v1::ClueVersion& version : clue->history()) {
      session.Print(flags.json ? ToJson(version) + "\n" : VersionText(session, version));
    }
    return kOk;
  }
  if (MayBeAlert(flags, clue.status())) {
    v1::GetAlertRequest request;
    request.set_alert_id(flags.id);
    request.set_with_changes(flags.history);
    const auto alert = client->GetAlert(request);
    if (alert.ok()) {
      session.Print(flags.json ? ToJson(alert->alert()) + "\n"
                               : AlertText(session, alert->alert()));
      for (const v1::AlertChange& change : alert->changes()) {
        session.Print(flags.json ? ToJson(change) + "\n" : AlertChangeText(session, change));
      }
      return kOk;
    }
  }
  return session.Fail(clue.status());
}

}  // namespace

void AddGet(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("get", "Show a clue or an alert");
  const auto flags = std::make_shared<Flags>();
  auto* const id = command->add_option("id", flags->id, "Id of a clue or alert");
  command->add_option("--partner", flags->partner, "Whose record; default: your own")->excludes(id);
  auto* const record =
      command->add_option("--record", flags->record, "The partner's record id")->excludes(id);
  command->add_option("--request", flags->request, "The request_id that submitted it")
      ->excludes(id)
      ->excludes(record);
  command->add_flag("--history", flags->history,
                    "Also every version: what the machine said and who corrected it");
  command->add_flag("--why", flags->why,
                    "Also why the rules in force sort it so and not otherwise");
  command->add_flag("--json", flags->json, "Print JSON");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Get(session, *flags); }; });
}

}  // namespace supervision::cli
