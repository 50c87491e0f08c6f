// Why one was told of an alert, or not.
#include <memory>
#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/filter_flags.h"
#include "clients/cli/json.h"
#include "clients/cli/names.h"
#include "clients/cli/render.h"
#include "clients/cli/terminal.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Asks of the alert, as it stands, what every stream asks of it: scope, filter, silence, route, delivery, and of a
subscription whether it has acknowledged it or how many come before. A supervisor may ask for others.

Examples:
  supervisionctl why a00…
  supervisionctl why a00… --subscription night-shift
  supervisionctl why a00… --principal wang --subscription night-shift)";

struct Flags {
  std::string alert;
  std::string principal;
  std::string subscription;
  FilterFlags filter;
  bool json = false;
};

// Why a silence is there and until when; only its id where the caller may not read it.
std::string SilenceLine(Session& session, const std::string& id) {
  std::string line = "    " + Printable(id);
  v1::GetSilenceRequest request;
  request.set_silence_id(id);
  const auto response = session.Connect()->GetSilence(request);
  if (response.ok()) {
    const v1::Silence& silence = response->silence();
    line += session.Say({"  until ", "  截止 "}) + TimeText(silence.ends_at()) +
            session.Say({", by ", "，创建人 "}) + Printable(silence.author()) +
            session.Say({": ", "："}) + Printable(silence.reason());
  }
  return line + "\n";
}

std::string StepLine(Session& session, const v1::DeliveryStep& step) {
  const bool chinese = session.language() == Language::kChinese;
  std::string mark = "✓";
  if (step.outcome() == v1::DELIVERY_OUTCOME_KEPT_BACK) mark = "✗";
  if (step.outcome() == v1::DELIVERY_OUTCOME_WAITS) mark = "…";
  if (step.outcome() == v1::DELIVERY_OUTCOME_UNKNOWN) mark = "?";
  std::string line = mark + " " + Printable(chinese ? step.text_zh() : step.text_en());
  if (step.has_at()) line += "  " + TimeText(step.at());
  if (step.outcome() == v1::DELIVERY_OUTCOME_WAITS) {
    line += session.Say({"  before it: ", "  排在其前："}) + std::to_string(step.ahead());
  }
  line += "\n";
  for (const std::string& id : step.silence_ids()) line += SilenceLine(session, id);
  return line;
}

int Why(Session& session, const Flags& flags) {
  const auto filter = flags.filter.Filter();
  if (!filter.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(filter.status().message()));
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::ExplainDeliveryRequest request;
  request.set_alert_id(flags.alert);
  request.set_principal(flags.principal);
  request.set_subscription(flags.subscription);
  *request.mutable_filter() = *filter;
  const auto response = client->ExplainDelivery(request);
  if (!response.ok()) return session.Fail(response.status());
  if (flags.json) {
    session.Print(ToJson(*response) + "\n");
    return kOk;
  }
  std::string text = Printable(response->principal()) + ": " +
                     (response->told() ? session.Say({"is told of it", "会收到"})
                                       : session.Say({"is not told of it", "不会收到"})) +
                     "\n";
  for (const v1::DeliveryStep& step : response->steps()) text += StepLine(session, step);
  session.Print(text);
  return kOk;
}

}  // namespace

void AddWhy(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("why", "Why one was told of an alert, or not");
  const auto flags = std::make_shared<Flags>();
  command->add_option("alert", flags->alert, "Id of the alert")->required();
  command->add_option("--principal", flags->principal,
                      "For whom (a supervisor's right); none: you");
  command->add_option("--subscription", flags->subscription, "By which subscription of theirs");
  flags->filter.AddTo(*command);
  command->add_flag("--json", flags->json, "Print JSON");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Why(session, *flags); }; });
}

}  // namespace supervision::cli
