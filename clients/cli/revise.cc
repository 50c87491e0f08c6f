#include <memory>
#include <string>

#include "clients/cli/change.h"
#include "clients/cli/clue_flags.h"
#include "clients/cli/commands.h"
#include "clients/cpp/request_id.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Without --file the clue is read and the flags go over what it says. Everyone who saw the first version
is told of the new one. With --etag the change is made only to the version that you saw.

Examples:
  supervisionctl revise 3-9f2c… --title 新标题
  supervisionctl revise 3-9f2c… --file clue.json --etag 1-77aa…)";

struct Flags {
  std::string id;
  ClueFlags clue;
  std::string file;
  ChangeFlags change;
};

int Revise(Session& session, const Flags& flags) {
  v1::ReviseClueRequest request;
  request.set_clue_id(flags.id);
  request.set_etag(flags.change.etag);
  if (!flags.file.empty()) {
    const auto json = ReadInput(flags.file);
    if (!json.ok()) return session.FailUsage({"wrong file", "文件有误"}, flags.file);
    const auto clue = ClueFromJson(*json);
    if (!clue.ok()) {
      return session.FailUsage({"this is no clue in JSON", "不是有效的线索 JSON"},
                               session.SentenceOf(clue.status()));
    }
    request.set_request_id(clue->request_id());
    *request.mutable_clue() = clue->clue();
  }
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  if (request.etag().empty() || !request.has_clue()) {
    const auto clue = ReadClue(*client, flags.id);
    if (!clue.ok()) return session.Fail(clue.status());
    if (request.etag().empty()) request.set_etag(clue->etag());
    if (!request.has_clue()) *request.mutable_clue() = clue->content();
  }
  const absl::Status applied = flags.clue.Apply(*request.mutable_clue());
  if (!applied.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(applied.message()));
  }
  if (!flags.change.request_id.empty()) request.set_request_id(flags.change.request_id);
  if (request.request_id().empty()) request.set_request_id(client::NewRequestId());
  NoteChange(session, request.request_id(), request.etag());
  const auto response = client->Revise(request);
  if (!response.ok()) return session.Fail(response.status(), request.request_id());
  return TellReceipt(session, request.request_id(), response->receipt(), flags.change.json);
}

}  // namespace

void AddRevise(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("revise", "Replace a clue by a new version");
  const auto flags = std::make_shared<Flags>();
  command->add_option("id", flags->id, "Id of the clue")->required();
  flags->clue.AddTo(*command);
  command->add_option("--file", flags->file,
                      "The whole new clue as JSON; - is standard input; other flags go over it");
  flags->change.AddTo(*command);
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Revise(session, *flags); }; });
}

}  // namespace supervision::cli
