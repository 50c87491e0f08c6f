#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include "clients/cli/clue_flags.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/ndjson.h"
#include "clients/cli/render.h"
#include "clients/cli/spool_submit.h"
#include "clients/cpp/request_id.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(A request_id makes repeating safe: the same request_id with the same clue gives the first answer
again, however often. It is printed before the call; after a failure repeat with --request-id.

Examples:
  supervisionctl submit --region 330424 --title 标题 --content '……' --record XC-2025-0012
  supervisionctl submit --file clue.json --channel hotline
  supervisionctl submit --file - --validate-only < clue.json
  supervisionctl submit --ndjson clues.ndjson --json > answers.ndjson
  supervisionctl submit --ndjson history.ndjson --backfill
  zcat clues.ndjson.gz | supervisionctl submit --ndjson
  supervisionctl submit --spool clues.spool --file clue.json     (see supervisionctl spool --help)
A line of NDJSON is {"request_id": "…", "clue": {…}}, or only the clue; then its request_id is made
from the line, so that submitting the same file again stores nothing twice.)";

struct Flags {
  ClueFlags clue;
  std::string file;
  std::string ndjson;
  std::string request_id;
  std::string spool;
  bool later = false;
  bool validate_only = false;
  bool backfill = false;
  bool json = false;
};

int SubmitOne(Session& session, const Flags& flags) {
  v1::SubmitClueRequest request;
  if (!flags.file.empty()) {
    const auto json = ReadInput(flags.file);
    if (!json.ok()) return session.FailUsage({"--file", "--file"}, json.status().ToString());
    const auto clue = ClueFromJson(*json);
    if (!clue.ok()) {
      return session.FailUsage({"this is no clue in JSON", "不是有效的线索 JSON"},
                               session.SentenceOf(clue.status()));
    }
    request.set_request_id(clue->request_id());
    *request.mutable_clue() = clue->clue();
    request.set_backfill(clue->backfill());
  }
  const absl::Status applied = flags.clue.Apply(*request.mutable_clue());
  if (!applied.ok()) {
    return session.FailUsage({"wrong flag", "参数有误"}, std::string(applied.message()));
  }
  if (!flags.request_id.empty()) request.set_request_id(flags.request_id);
  if (request.request_id().empty()) request.set_request_id(client::NewRequestId());
  request.set_validate_only(flags.validate_only);
  request.set_backfill(request.backfill() || flags.backfill);
  if (!flags.spool.empty()) {
    v1::StreamCluesRequest clue;
    clue.set_request_id(request.request_id());
    clue.set_backfill(request.backfill());
    clue.mutable_clue()->Swap(request.mutable_clue());
    return SubmitOneThroughSpool(session, std::move(clue), {flags.spool, flags.later, flags.json});
  }

  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  if (!flags.validate_only) session.Note("request_id " + request.request_id());
  const auto response = client->Submit(request);
  if (!response.ok()) {
    return session.Fail(response.status(), flags.validate_only ? "" : request.request_id());
  }
  if (flags.json) {
    session.Print(JsonObject({{"request_id", JsonQuote(request.request_id())},
                              {"receipt", ToJson(response->receipt())}}) +
                  "\n");
    return kOk;
  }
  session.Print(ReceiptText(session, response->receipt()) +
                EvidenceText(response->receipt().verdict(), request.clue().title(),
                             request.clue().content()));
  return kOk;
}

int SubmitMany(Session& session, const Flags& flags) {
  const std::string path = flags.ndjson.empty() ? "-" : flags.ndjson;
  if (flags.spool.empty()) {
    return SubmitNdjson(session, {path, flags.validate_only, flags.backfill, flags.json});
  }
  const SpoolSubmitOptions options = {flags.spool, flags.later, flags.json};
  if (path == "-") {
    const int exit_code = SubmitNdjsonThroughSpool(session, std::cin, options);
    return std::cin.bad() ? FailUnread(session, path) : exit_code;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return session.FailUsage({"cannot open", "无法打开"}, path);
  const int exit_code = SubmitNdjsonThroughSpool(session, file, options);
  return file.bad() ? FailUnread(session, path) : exit_code;
}

}  // namespace

void AddSubmit(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("submit", "Submit one clue, or many as NDJSON");
  const auto flags = std::make_shared<Flags>();
  const std::vector<CLI::Option*> about_one = flags->clue.AddTo(*command);
  auto* const file = command->add_option(
      "--file", flags->file, "The clue as JSON; - is standard input; other flags go over it");
  auto* const ndjson =
      command
          ->add_option("--ndjson", flags->ndjson,
                       "Many clues, one JSON object a line; without a file standard input. Each "
                       "line says all of its clue: the flags about one clue are refused")
          ->expected(0, 1)
          ->default_str("-")
          ->excludes(file);
  for (CLI::Option* const option : about_one) ndjson->excludes(option);
  command
      ->add_option("--request-id", flags->request_id,
                   "1 to 128 of [A-Za-z0-9._:-]; default: a new one")
      ->excludes(ndjson);
  auto* const validate = command->add_flag("--validate-only", flags->validate_only,
                                           "Only check and sort: nothing is stored");
  auto* const spool =
      command
          ->add_option("--spool", flags->spool,
                       "Store in this file first, so that nothing is lost while the service is "
                       "away; then hand over, until --timeout")
          ->excludes(validate);
  command->add_flag("--later", flags->later, "Only store in the spool")->needs(spool);
  command
      ->add_flag("--backfill", flags->backfill,
                 "History: stored and sorted, and nobody is alerted; needs the right to it")
      ->excludes(spool);
  command->add_flag("--json", flags->json, "Print answers as JSON, one a line");
  command->footer(kFooter);
  command->callback([&session, &run, flags, command] {
    const bool many = command->count("--ndjson") > 0;
    run = [&session, flags, many] {
      return many ? SubmitMany(session, *flags) : SubmitOne(session, *flags);
    };
  });
}

}  // namespace supervision::cli
