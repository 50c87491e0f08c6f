#include "clients/cli/change.h"

#include "clients/cli/json.h"
#include "clients/cli/render.h"

namespace supervision::cli {

void ChangeFlags::AddTo(CLI::App& command) {
  command.add_option("--etag", etag, "Of the version that you saw; default: the present one");
  command.add_option("--request-id", request_id, "1 to 128 of [A-Za-z0-9._:-]; default: a new one");
  command.add_flag("--json", json, "Print the answer as JSON");
}

absl::StatusOr<v1::Clue> ReadClue(client::Client& client, const std::string& clue_id) {
  v1::GetClueRequest request;
  request.set_clue_id(clue_id);
  auto response = client.GetClue(request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_clue());
}

void NoteChange(const Session& session, const std::string& request_id, const std::string& etag) {
  session.Note("request_id " + request_id + "  etag " + Printable(etag));
}

int TellReceipt(Session& session, const std::string& request_id, const v1::ClueReceipt& receipt,
                bool json) {
  session.Print(
      json
          ? JsonObject({{"request_id", JsonQuote(request_id)}, {"receipt", ToJson(receipt)}}) + "\n"
          : ReceiptText(session, receipt));
  return kOk;
}

}  // namespace supervision::cli
