#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/commands.h"
#include "clients/cli/explain.h"
#include "clients/cli/json.h"
#include "clients/cli/spool_submit.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(A spool is a file in which submit --spool keeps clues until the service has them. It survives the end
of the program by any means; one program at a time may write it, status and refused may look meanwhile.

Examples:
  supervisionctl submit --spool clues.spool --region 330424 --title 标题 --content '……'
  supervisionctl spool status clues.spool
  supervisionctl spool flush clues.spool
  supervisionctl spool refused clues.spool
  supervisionctl spool refused clues.spool --retry REQUEST-ID
A refused clue is corrected by submitting it again with its --request-id.)";

struct Flags {
  std::string path;
  bool json = false;
  std::string retry;
  std::string drop;
};

std::string LocalTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", time, absl::LocalTimeZone());
}

// To look only: it may be in use.
absl::StatusOr<std::unique_ptr<client::Spool>> OpenToRead(const std::string& path) {
  client::SpoolOptions options;
  options.path = path;
  options.read_only = true;
  return client::Spool::Open(options);
}

int FailLocal(Session& session, const absl::Status& status) {
  return session.FailUsage({"wrong spool", "暂存文件有误"}, session.SentenceOf(status));
}

int Status(Session& session, const Flags& flags) {
  const auto spool = OpenToRead(flags.path);
  if (!spool.ok()) return FailLocal(session, spool.status());
  const auto status = (*spool)->Status();
  if (!status.ok()) return FailLocal(session, status.status());
  if (flags.json) {
    session.Print(JsonObject({{"waiting", std::to_string(status->waiting)},
                              {"refused", std::to_string(status->refused)},
                              {"bytes", std::to_string(status->bytes)}}) +
                  "\n");
    return kOk;
  }
  const bool chinese = session.language() == Language::kChinese;
  session.Print(absl::StrCat(chinese ? "待移交 " : "waiting ", status->waiting,
                             chinese ? "，被拒 " : ", refused ", status->refused,
                             chinese ? "，字节 " : ", bytes ", status->bytes, "\n"));
  if (status->waiting > 0) {
    session.Print(
        absl::StrCat(chinese ? "最早存入于 " : "oldest stored ", LocalTime(status->oldest), "\n"));
  }
  return kOk;
}

int List(Session& session, const Flags& flags) {
  constexpr size_t kMost = 100'000;
  const auto spool = OpenToRead(flags.path);
  if (!spool.ok()) return FailLocal(session, spool.status());
  const auto refused = (*spool)->Refused(kMost);
  if (!refused.ok()) return FailLocal(session, refused.status());
  for (const client::RefusedClue& clue : *refused) {
    const client::Error error = client::ErrorOf(clue.error);
    if (flags.json) {
      session.Print(JsonObject({{"request_id", JsonQuote(clue.clue.request_id())},
                                {"error", ToJson(error)},
                                {"clue", ToJson(clue.clue.clue())}}) +
                    "\n");
    } else {
      session.Print(absl::StrCat(LocalTime(clue.refused_at), " ", clue.clue.request_id(), " ",
                                 Printable(clue.clue.clue().title()), "\n",
                                 Explain(error, {session.language(), session.color(), "", ""}),
                                 "\n"));
    }
  }
  return kOk;
}

// One clue by its request_id, or "all".
int ForEach(Session& session, const Flags& flags, const std::string& which,
            absl::Status (client::Spool::*act)(const std::string&)) {
  int exit_code = kOk;
  const auto spool = OpenSpool(session, flags.path, &exit_code);
  if (spool == nullptr) return exit_code;
  if (which != "all") {
    const absl::Status status = (spool.get()->*act)(which);
    return status.ok() ? kOk : session.Fail(status);
  }
  constexpr size_t kPage = 1000;
  std::map<std::string, absl::Status> passed;  // by request_id; they stay, and hold nothing back
  while (true) {
    const auto refused = spool->Refused(passed.size() + kPage);
    if (!refused.ok()) return session.Fail(refused.status());
    if (refused->size() == passed.size()) break;
    for (const auto& clue : *refused) {
      const std::string& id = clue.clue.request_id();
      if (passed.count(id) > 0) continue;
      const absl::Status status = (spool.get()->*act)(id);
      if (absl::IsDataLoss(status)) {
        passed.emplace(id, status);
      } else if (!status.ok()) {
        return session.Fail(status);
      }
    }
  }
  for (const auto& [id, status] : passed) {
    session.Note(id);
    exit_code = session.Fail(status);
  }
  return exit_code;
}

int Refused(Session& session, const Flags& flags) {
  if (!flags.retry.empty()) return ForEach(session, flags, flags.retry, &client::Spool::Retry);
  if (!flags.drop.empty()) return ForEach(session, flags, flags.drop, &client::Spool::Drop);
  return List(session, flags);
}

}  // namespace

void AddSpool(CLI::App& app, Session& session, Run& run) {
  auto* const group = app.add_subcommand("spool", "Look after a file of clues on their way");
  group->require_subcommand(1);
  group->footer(kFooter);
  const auto flags = std::make_shared<Flags>();
  const auto add = [&](const char* name, const char* help, int (*act)(Session&, const Flags&)) {
    auto* const command = group->add_subcommand(name, help);
    command->add_option("FILE", flags->path, "The spool")->required();
    command->add_flag("--json", flags->json, "Print JSON, one object a line");
    command->callback([&session, &run, flags, act] {
      run = [&session, flags, act] { return act(session, *flags); };
    });
    return command;
  };
  add("status", "How many clues wait and were refused", &Status);
  add("flush", "Hand over what waits", [](Session& session, const Flags& flags) {
    return FlushSpool(session, flags.path, flags.json);
  });
  auto* const refused = add("refused", "List what the service refused, and why", &Refused);
  auto* const retry = refused->add_option(
      "--retry", flags->retry, "Let the clue of this request_id wait again; all: every one");
  refused->add_option("--drop", flags->drop, "Forget the clue of this request_id; all: every one")
      ->excludes(retry);
}

}  // namespace supervision::cli
