#include <memory>
#include <string>

#include "clients/cli/change.h"
#include "clients/cli/commands.h"
#include "clients/cpp/request_id.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] = R"(The clue stays, marked as withdrawn; everyone who saw it is told.

Example:
  supervisionctl withdraw 3-9f2c… --reason 重复登记)";

struct Flags {
  std::string id;
  std::string reason;
  ChangeFlags change;
};

int Withdraw(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  v1::WithdrawClueRequest request;
  request.set_clue_id(flags.id);
  request.set_reason(flags.reason);
  request.set_etag(flags.change.etag);
  if (request.etag().empty()) {
    const auto clue = ReadClue(*client, flags.id);
    if (!clue.ok()) return session.Fail(clue.status());
    request.set_etag(clue->etag());
  }
  request.set_request_id(flags.change.request_id.empty() ? client::NewRequestId()
                                                         : flags.change.request_id);
  NoteChange(session, request.request_id(), request.etag());
  const auto response = client->Withdraw(request);
  if (!response.ok()) return session.Fail(response.status(), request.request_id());
  return TellReceipt(session, request.request_id(), response->receipt(), flags.change.json);
}

}  // namespace

void AddWithdraw(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("withdraw", "Take a clue back");
  const auto flags = std::make_shared<Flags>();
  command->add_option("id", flags->id, "Id of the clue")->required();
  command->add_option("--reason", flags->reason, "Why, without names")->required();
  flags->change.AddTo(*command);
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Withdraw(session, *flags); }; });
}

}  // namespace supervision::cli
