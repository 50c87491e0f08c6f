#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/rule_rows.h"
#include "clients/cli/table.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/steady_clock.h"

namespace supervision::cli {
namespace {

constexpr char kFooter[] =
    R"(Exit code 0: it takes clues and streams; 3: it does not, or cannot be reached.

Examples:
  supervisionctl status
  supervisionctl status --wait 30 && supervisionctl submit --ndjson clues.ndjson
  supervisionctl status --json | jq .redis.durable)";

struct Flags {
  double wait_seconds = 0;
  bool json = false;
};

std::string StatusText(Session& session, const v1::GetStatusResponse& status) {
  const auto yes = [&session](bool value) {
    return session.Say(value ? Text{"yes", "是"} : Text{"no", "否"});
  };
  const v1::RedisStatus& redis = status.redis();
  Table table({session.Say({"WHAT", "项目"}), session.Say({"STATE", "状态"})});
  const auto row = [&](const Text& name, const std::string& value) {
    if (!value.empty()) table.Add({session.Say(name), value});
  };
  row({"ready", "就绪"}, yes(status.ready()));
  row({"version", "版本"}, status.version());
  row({"started", "启动时间"}, TimeText(status.started_at()));
  row({"open streams", "打开的数据流"}, absl::StrCat(status.open_streams()));
  row({"queued clues", "等待提交的线索"}, absl::StrCat(status.queued_clues()));
  AddRuleRows(session, status.rules(), &table);
  if (status.has_candidate()) AddCandidateRows(session, status.candidate(), &table);
  row({"redis", "Redis"}, redis.address());
  row({"redis connected", "Redis 已连接"}, yes(redis.connected()));
  row({"redis version", "Redis 版本"}, redis.version());
  row({"durable", "持久化有保证"}, yes(redis.durable()));
  row({"redis memory", "Redis 内存"}, absl::StrCat(redis.used_memory_bytes() / 1024, " KiB"));
  row({"redis replicas", "Redis 副本"}, absl::StrCat(redis.replicas()));
  row({"redis restarts", "Redis 重启次数"}, absl::StrCat(redis.restarts()));
  row({"ledger", "台账"},
      absl::StrCat(status.ledger().id(), " v", status.ledger().schema_version()));
  std::string text = table.Text();
  Table partitions({session.Say({"PARTITION", "分区"}), session.Say({"EPOCH", "纪元"}),
                    session.Say({"EARLIEST", "最早"}), session.Say({"END", "末尾"}),
                    session.Say({"TOLD", "已推送"}), session.Say({"BYTES", "字节"}),
                    session.Say({"TRIMS", "清理次数"})});
  for (const auto& one : status.ledger().partitions()) {
    partitions.Add({absl::StrCat(one.partition()), absl::StrCat(one.epoch()),
                    absl::StrCat(one.earliest_position()), absl::StrCat(one.end_position()),
                    absl::StrCat(one.told_position()), absl::StrCat(one.log_bytes()),
                    absl::StrCat(one.trims())});
  }
  return text + "\n" + partitions.Text();
}

// The first answer that says "ready", or the last one before the time is over. What no waiting
// mends is answered at once.
absl::StatusOr<v1::GetStatusResponse> WaitUntilReady(client::Client& client,
                                                     absl::Duration patience) {
  constexpr absl::Duration kBetween = absl::Milliseconds(200);
  const absl::Time end = client::SteadyNow() + patience;
  while (true) {
    auto status = client.GetStatus({.timeout = absl::Seconds(5), .retry = false});
    const bool final =
        status.ok() ? status->ready() : !client::IsTransient(client::ErrorOf(status.status()));
    if (final || client::SteadyNow() + kBetween >= end) return status;
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kBetween));
  }
}

int Status(Session& session, const Flags& flags) {
  client::Client* const client = session.Connect();
  if (client == nullptr) return kUsage;
  const auto status = WaitUntilReady(*client, absl::Seconds(flags.wait_seconds));
  if (!status.ok()) return session.Fail(status.status());
  session.Print(flags.json ? ToJson(*status) + "\n" : StatusText(session, *status));
  for (const auto& reason : status->not_ready_because()) {
    session.Note(session.Say({"not ready: ", "未就绪："}) + Printable(reason));
  }
  NoteMistakes(session, status->rules());
  NoteCandidateMistakes(session, status->candidate());
  for (const auto& shortfall : status->redis().shortfalls()) {
    session.Note(session.Say({"not durable: ", "持久化不足："}) + Printable(shortfall));
  }
  return status->ready() ? kOk : kUnavailable;
}

}  // namespace

void AddStatus(CLI::App& app, Session& session, Run& run) {
  auto* const command = app.add_subcommand("status", "Show how the service and its ledger are");
  const auto flags = std::make_shared<Flags>();
  command
      ->add_option("--wait", flags->wait_seconds,
                   "Wait at most this many seconds until it is ready")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", flags->json, "Print JSON");
  command->footer(kFooter);
  command->callback(
      [&session, &run, flags] { run = [&session, flags] { return Status(session, *flags); }; });
}

}  // namespace supervision::cli
