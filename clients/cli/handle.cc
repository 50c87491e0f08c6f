// What people do with an alert: ack, unack, assign, resolve, reopen.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "clients/cli/change.h"
#include "clients/cli/commands.h"
#include "clients/cli/duration_text.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cpp/request_id.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] = R"(Needs a principal with the role HANDLER.

Examples:
  supervisionctl alerts --state open
  supervisionctl ack a00… --for 3d --note 已电话核实
  supervisionctl assign a00…                     it is yours
  supervisionctl assign a00… --to wang --note 请跟进
  supervisionctl resolve a00… --outcome transferred --note 已移交城管局
  supervisionctl reopen a00… --note 整改未到位)";

struct Flags {
  std::string id;
  std::string note;
  std::string duration;  // of ack
  std::string owner;     // of assign
  std::string outcome;   // of resolve
  ChangeFlags change;
};

// The etag to send: the one given, or that of the alert as it stands.
absl::StatusOr<std::string> EtagFor(client::Client& client, const Flags& flags) {
  if (!flags.change.etag.empty()) return flags.change.etag;
  v1::GetAlertRequest request;
  request.set_alert_id(flags.id);
  const auto alert = client.GetAlert(request);
  if (!alert.ok()) return alert.status();
  return alert->alert().etag();
}

// Fills what all requests have, calls, and tells what came of it.
template <typename Request, typename Call>
int Take(Session& session, const Flags& flags, Request request, const Call& call) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto etag = EtagFor(*client, flags);
  if (!etag.ok()) return session.Fail(etag.status());
  request.set_alert_id(flags.id);
  request.set_etag(*etag);
  request.set_note(flags.note);
  request.set_request_id(flags.change.request_id.empty() ? client::NewRequestId()
                                                         : flags.change.request_id);
  NoteChange(session, request.request_id(), request.etag());
  const auto response = call(*client, request);
  if (!response.ok()) return session.Fail(response.status(), request.request_id());
  const v1::AlertReceipt& receipt = response->receipt();
  session.Print(flags.change.json ? JsonObject({{"request_id", JsonQuote(request.request_id())},
                                                {"receipt", ToJson(receipt)}}) +
                                        "\n"
                                  : AlertReceiptText(session, receipt));
  return kOk;
}

int Acknowledge(Session& session, const Flags& flags) {
  v1::AcknowledgeAlertRequest request;
  if (!flags.duration.empty()) {
    const std::optional<absl::Duration> duration = DurationFromText(flags.duration);
    if (!duration.has_value()) {
      return session.FailUsage({"wrong flag", "参数有误"},
                               "--for: write such as 90m, 8h, 3d or 2w");
    }
    request.mutable_duration()->set_seconds(absl::ToInt64Seconds(*duration));
  }
  return Take(session, flags, std::move(request), [](client::Client& client, const auto& filled) {
    return client.AcknowledgeAlert(filled);
  });
}

int Unacknowledge(Session& session, const Flags& flags) {
  return Take(
      session, flags, v1::UnacknowledgeAlertRequest(),
      [](client::Client& client, const auto& filled) { return client.UnacknowledgeAlert(filled); });
}

int Assign(Session& session, const Flags& flags) {
  v1::AssignAlertRequest request;
  request.set_owner(flags.owner);
  return Take(session, flags, std::move(request), [](client::Client& client, const auto& filled) {
    return client.AssignAlert(filled);
  });
}

int Resolve(Session& session, const Flags& flags) {
  const auto outcome = FromWord<v1::AlertOutcome>(flags.outcome);
  if (!outcome.has_value()) {
    return session.FailUsage({"wrong flag", "参数有误"},
                             "--outcome: one of " + WordsOf<v1::AlertOutcome>());
  }
  v1::ResolveAlertRequest request;
  request.set_outcome(*outcome);
  return Take(session, flags, std::move(request), [](client::Client& client, const auto& filled) {
    return client.ResolveAlert(filled);
  });
}

int Reopen(Session& session, const Flags& flags) {
  return Take(
      session, flags, v1::ReopenAlertRequest(),
      [](client::Client& client, const auto& filled) { return client.ReopenAlert(filled); });
}

using Step = int (*)(Session&, const Flags&);

// One command; `more` adds what it alone takes.
template <typename More>
void AddStep(CLI::App& app, Session& session, Run& run, const char* name, const char* help,
             Step step, const More& more) {
  auto* const command = app.add_subcommand(name, help);
  const auto flags = std::make_shared<Flags>();
  command->add_option("id", flags->id, "Id of the alert")->required();
  command->add_option("--note", flags->note, "Anything to say, without names of persons");
  more(*command, *flags);
  flags->change.AddTo(*command);
  command->footer(kFooter);
  command->callback([&session, &run, flags, step] {
    run = [&session, flags, step] { return step(session, *flags); };
  });
}

}  // namespace

void AddHandling(CLI::App& app, Session& session, Run& run) {
  const auto nothing = [](CLI::App&, Flags&) {};
  AddStep(app, session, run, "ack", "Say that you have taken note of an alert", Acknowledge,
          [](CLI::App& command, Flags& flags) {
            command.add_option("--for", flags.duration,
                               std::string("For how long: ") + kDurationForms +
                                   "; then it is open again. Default: no end");
          });
  AddStep(app, session, run, "unack", "Take an acknowledgement back", Unacknowledge, nothing);
  AddStep(app, session, run, "assign", "Say who answers for an alert", Assign,
          [](CLI::App& command, Flags& flags) {
            command.add_option("--to", flags.owner, "Id of the principal; default: you");
          });
  AddStep(app, session, run, "resolve", "Say that an alert is done with", Resolve,
          [](CLI::App& command, Flags& flags) {
            command.add_option("--outcome", flags.outcome, "One of " + WordsOf<v1::AlertOutcome>())
                ->required();
          });
  AddStep(app, session, run, "reopen", "Open a resolved alert again", Reopen, nothing);
}

}  // namespace supervision::cli
